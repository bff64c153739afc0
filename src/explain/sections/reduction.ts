import { type Block, paragraph, type Section } from "../document.ts";
import { nats } from "../numbers.ts";
import type { Reduction } from "../reductions/reduction.ts";

/** How the familiar loss drops out of −log p, step by step. */
export const reductionSection = ({ familiar, steps }: Reduction) =>
  ({
    title: `From it to the familiar loss: ${familiar}`,
    blocks: [{ kind: "steps", steps }],
    facts: { familiarLoss: familiar, steps },
  }) satisfies Section;

/** What other tools leave out. */
export function droppedSection({ dropped }: Reduction) {
  const value = dropped.nats === undefined ? "" : ` = ${nats(dropped.nats)} nats per image`;
  const blocks: Block[] = [
    { kind: "formula", lines: [`${dropped.formula}${value}`] },
    paragraph(dropped.meaning),
  ];
  return { title: "What other tools drop", blocks, facts: dropped } satisfies Section;
}
