import { type Block, paragraph, type Section } from "../document.ts";
import { number } from "../numbers.ts";
import { equivalentOf, type Reduction } from "../reductions/reduction.ts";
import { generic } from "../tools/index.ts";

/** What the scale of the likelihood and β mean together. */
export function tradeOffSection(
  { tradeOff, linear }: Reduction,
  { D, beta, settlesAfter }: { D: number; beta: number; settlesAfter: number },
) {
  const equivalent = linear && equivalentOf(linear, beta);
  const writings = equivalent
    ? generic.flatMap((tool) => {
        const same = tool.express(equivalent, D);
        return same ? [{ written: tool.written, here: same.settings }] : [];
      })
    : [];
  const blocks: Block[] = [
    ...tradeOff.map(paragraph),
    ...(settlesAfter > 0 ? [paragraph(`This holds from epoch ${number(settlesAfter)} on.`)] : []),
    ...(writings.length > 0
      ? [
          {
            kind: "table",
            head: ["a loss written as", "has the same best weights at"],
            rows: writings.map(({ written, here }) => [written, here]),
          } as const,
        ]
      : []),
  ];
  return {
    title: "What the scale and β mean together",
    blocks,
    facts: { beta, settlesAfter, equivalent: equivalent ?? null, text: tradeOff },
  } satisfies Section;
}
