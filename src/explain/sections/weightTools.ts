import { type Block, list, paragraph, type Section } from "../document.ts";
import { setting } from "../numbers.ts";
import { weightTools } from "../weightTools/index.ts";
import type { WeightedKl } from "../weightTools/weightTool.ts";

/** The settings of other libraries that are the same network, and what they do with KL / N. */
export function weightToolsSection(of: WeightedKl, isLearned: boolean) {
  const tools = weightTools.map((tool) => {
    const same = tool.express(of);
    return {
      tool: tool.title,
      source: tool.source,
      settings: "settings" in same ? same.settings : null,
      ...("reason" in same && { reason: same.reason }),
      difference: tool.difference(of),
    };
  });
  const isPoint = of.posterior.kind === "point";
  const blocks: Block[] = isPoint
    ? [paragraph(asDecay(of))]
    : [
        paragraph(
          `Their losses are ${of.error} + w · KL, the error a mean over the rows of a batch and the KL of all weights; this one is that at w = ` +
            `${of.formula} = ${setting(of.weight)}, up to a factor and the constant` +
            (isLearned
              ? ". None of them learns what is learned here beside the weights; the values are those of now."
              : "."),
        ),
        {
          kind: "table",
          head: ["library", "settings"],
          rows: tools.map(({ tool, settings, reason }) => [tool, settings ?? `no: ${reason}`]),
        },
        list(...tools.map(({ tool, difference }) => `${tool}: ${difference}`)),
      ];
  return {
    title: "The same model elsewhere",
    blocks,
    facts: {
      error: of.error,
      weight: of.weight,
      formula: of.formula,
      tools,
      ...(isPoint && { weightDecay: asDecay(of) }),
    },
  } satisfies Section;
}

/** A point is weight decay, which every library has. */
function asDecay({ scales, weight, error, rows }: WeightedKl): string {
  const lambda = (s: number) => weight / (2 * s ** 2);
  const of = scales.map(
    ({ kernel, bias }) => `${setting(lambda(kernel))} (kernel) and ${setting(lambda(bias))} (biases)`,
  );
  const ridge =
    scales.length === 1
      ? ` In scikit-learn that is Ridge(alpha = λN = ${setting(lambda(scales[0]!.kernel) * rows)}), but for its intercept, which it does not shrink.`
      : "";
  return (
    `An ordinary network with weight decay, in any library; those with layers of distributions have none for a point. Beside ${error}: l2(λ) of Keras, layer by layer, with λ = ${of.join("; ")}; weight_decay = 2λ in an optimiser of PyTorch that adds ` +
    `it to the gradient.${ridge}`
  );
}
