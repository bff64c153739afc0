import type { Likelihood } from "../../model/likelihoods/likelihood.ts";
import { type Objective, settlesAfter } from "../../objectives/objective.ts";
import { list, paragraph, type Section } from "../document.ts";
import { number } from "../numbers.ts";
import { writtenLoss } from "../writtenLoss.ts";

interface ObjectiveContext {
  readonly kindOf: Likelihood["kindOf"];
  /** Whether validation examples are held out. */
  readonly holdsOut: boolean;
  readonly condition?: string | undefined;
}

const NOTHING_HELD_OUT =
  "Nothing is held out, so the last epoch is the best: the loss of the training examples would choose by the noise of its estimate.";

/** The loss as the objective puts it together, whether it is a bound, and which epoch is the best by it. */
export function objectiveSection(objective: Objective, { kindOf, holdsOut, condition }: ObjectiveContext) {
  const isBareLoss = kindOf === "loss";
  const bound = isBareLoss ? undefined : objective.bound;
  const formula = `loss = ${[writtenLoss(objective, isBareLoss), bound].filter(Boolean).join(" ")}`;
  const meaning = isBareLoss ? "Of a loss that is no likelihood, so it is no bound." : objective.meaning;
  const controls = Object.values(objective.controls).map(({ symbol, words }) => `${symbol} = ${words}`);
  const best = holdsOut ? bestOf(objective) : NOTHING_HELD_OUT;
  return {
    title: "What is minimised",
    blocks: [
      { kind: "formula", lines: [formula] },
      paragraph(meaning),
      ...(condition === undefined ? [] : [paragraph(condition)]),
      ...(controls.length > 0 ? [list(...controls)] : []),
      paragraph(best),
    ],
    facts: {
      kind: objective.kind,
      samples: objective.samples,
      formula,
      bound: bound ?? null,
      meaning,
      ...(condition !== undefined && { condition }),
      controls: Object.fromEntries(
        Object.entries(objective.controls).map(([name, { words }]) => [name, words]),
      ),
      best,
    },
  } satisfies Section;
}

function bestOf(objective: Objective): string {
  const best = "The best checkpoint is that of the epoch with the lowest validation loss";
  const epochs = settlesAfter(objective);
  if (epochs === 0) return `${best}.`;
  const moving = Object.values(objective.controls).filter((control) => control.settlesAfter > 0);
  const ends = moving.map(({ symbol, final }) => `${symbol} = ${number(final)}`).join(", ");
  return (
    `${best} as it is at ${ends}, from the first epoch on, so that epochs compare; early stopping counts no epoch before ` +
    `epoch ${number(epochs)}, when that is reached.`
  );
}
