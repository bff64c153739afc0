import type { LikelihoodFamily } from "../../model/likelihoods/likelihood.ts";
import { type Block, paragraph, type Section } from "../document.ts";
import { nats } from "../numbers.ts";
import type { Reduction } from "../reductions/reduction.ts";

/** How the familiar loss drops out of −log p, step by step. */
export const reductionSection = (
  { steps }: Pick<Reduction, "steps">,
  { kindOf, words: { familiar } }: Pick<LikelihoodFamily, "kindOf" | "words">,
) =>
  ({
    title:
      kindOf === "loss"
        ? "Why it is a loss and not a likelihood"
        : `From it to the familiar loss: ${familiar}`,
    blocks: [{ kind: "steps", steps }],
    facts: { familiarLoss: familiar, steps },
  }) satisfies Section;

/** What other tools leave out. */
export function droppedSection({ dropped }: Pick<Reduction, "dropped">, example: "image" | "row" = "image") {
  const line =
    dropped.nats === undefined
      ? dropped.formula
      : [...(dropped.nats === 0 ? [] : [dropped.formula]), `${nats(dropped.nats)} nats per ${example}`].join(
          " = ",
        );
  const blocks: Block[] = [{ kind: "formula", lines: [line] }, paragraph(dropped.meaning)];
  return { title: "What other tools drop", blocks, facts: dropped } satisfies Section;
}
