import { columnOf } from "../data/codedFields.ts";
import type { Dataset, Split } from "../data/dataset.ts";
import { type Field, fieldOf, fieldSize, whiteOf } from "../data/field.ts";
import type { RandomStream } from "../tensors/random.ts";
import type { Condition } from "./condition.ts";

/**
 * A dataset with y of each x. The noise in it is drawn once and for all, as a measurement has it: a function of (random, split,
 * place in the split), the same for all runs. `turn` is awaited between examples, see `turns`.
 */
export async function observed(
  dataset: Dataset,
  condition: Condition,
  { random, turn }: { readonly random: RandomStream; readonly turn: () => Promise<void> },
): Promise<Dataset> {
  const x = fieldOf(dataset.fields, "x");
  const withY = (name: "train" | "validation" | "test") =>
    observedSplit(dataset[name], x, condition, { random: random.fork(name), turn });
  return {
    ...dataset,
    fields: { ...dataset.fields, y: condition.field },
    train: await withY("train"),
    validation: await withY("validation"),
    test: await withY("test"),
  };
}

/** The same of one split, each example with a stream of its own. */
export async function observedSplit(
  split: Split,
  x: Field,
  condition: Condition,
  { random, turn }: { readonly random: RandomStream; readonly turn: () => Promise<void> },
): Promise<Split> {
  const [D, M] = [fieldSize(x), fieldSize(condition.field)];
  const stored = columnOf(split, x);
  const scale = x.kind === "bytes" ? 1 / whiteOf(x) : 1;
  const y = new Float32Array(new SharedArrayBuffer(4 * split.count * M)); // as the thread that draws batches reads it too
  const values = new Float64Array(D);
  for (let i = 0; i < split.count; i++) {
    await turn();
    for (let d = 0; d < D; d++) values[d] = stored[i * D + d]! * scale;
    y.set(condition.observe(values, random.fork(i)), i * M);
  }
  return { ...split, columns: { ...split.columns, y } };
}
