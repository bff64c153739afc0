import type { BatchTerms } from "../batchTerms.ts";
import { type Block, paragraph, type Section } from "../document.ts";
import { nats } from "../numbers.ts";
import { equivalentOf, type Linear, type Reduction, type ReductionContext } from "../reductions/reduction.ts";
import { programs } from "../tools/index.ts";

/** The settings of other tools that are the same model, and what they would print for the batch. */
export function toolsSection(
  { linear, inexpressible }: Pick<Reduction, "linear" | "inexpressible">,
  terms: BatchTerms,
  { D, beta }: ReductionContext,
) {
  if (!linear) {
    const reason = inexpressible ?? "their losses are SSE, SAE or BCE + β · KL";
    return {
      title: "The same model elsewhere",
      blocks: [
        paragraph(
          `None of ${programs.map(({ title }) => title.replace(/ \(.*/, "")).join(", ")} can express this: ${reason}.`,
        ),
      ],
      facts: { expressible: false, reason, tools: [] },
    } satisfies Section;
  }
  const equivalent = equivalentOf(linear, beta);
  const error = errorOf(linear, terms);
  const tools = programs.map((tool) => {
    const same = tool.express(equivalent, D);
    const prints = same ? same.loss.a * error + same.loss.b * terms.rate : undefined;
    return {
      tool: tool.title,
      written: tool.written,
      settings: same?.settings ?? null,
      ...(prints !== undefined && { prints }),
    };
  });
  const rows = tools.map(({ tool, written, settings, prints }) => [
    tool,
    settings ?? `no: its loss is ${written}`,
    prints === undefined ? "" : prints < 1 ? prints.toPrecision(3) : nats(prints),
  ]);
  const blocks: Block[] = [
    paragraph(
      "Settings with the same best weights, and what each tool would print for the batch above" +
        (equivalent.error === "BCE"
          ? "."
          : ": numbers that differ by a factor and lack the constant, so that no two of them can be compared."),
    ),
    { kind: "table", head: ["tool", "settings", "prints"], rows },
    ...(equivalent.error === "BCE"
      ? [
          paragraph(
            "None of them draws pixels to 0 and 1. On data that are binary their BCE is a Bernoulli; on grey data it is the " +
              "loss `hybrid` with ceWeight 1 and mseWeight 0, and no likelihood.",
          ),
        ]
      : []),
  ];
  return { title: "The same model elsewhere", blocks, facts: { expressible: true, tools } } satisfies Section;
}

/** The summed error of the batch; cross-entropy is a part of its loss. */
function errorOf({ error, factor }: Linear, { errors, parts }: BatchTerms): number {
  if (error !== "BCE") return errors[error];
  return parts.find(({ name }) => name === "crossEntropy")!.value / factor;
}
