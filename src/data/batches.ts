import type { RandomStream } from "../tensors/random.ts";
import { codedSize, codeExample, columnOf } from "./codedFields.ts";
import { isRandomCoding, type PixelCoding } from "./codings.ts";
import type { Split } from "./dataset.ts";
import { type Field, fieldSize } from "./field.ts";

/** Some examples as the model sees them. */
export interface Batch {
  /** By the name of the field, [count, codedSize]. */
  readonly columns: Readonly<Record<string, Float32Array<ArrayBuffer>>>;
  readonly count: number;
  /** Position in its pass over the data, from 0. */
  readonly index: number;
}

/** What a pass is over: these fields of the examples, with bytes coded so. */
export interface Coded {
  readonly fields: readonly Field[];
  readonly coding: PixelCoding;
}

/** How an epoch goes through its examples. */
export interface EpochPlan {
  readonly batchSize: number;
  /** Over all examples, each in an order of its own; one unless it says otherwise. */
  readonly passes?: number;
}

/** Batches of an epoch; the last of each pass holds what is left. */
export const batchesPerEpoch = (count: number, { batchSize, passes = 1 }: EpochPlan): number =>
  passes * Math.ceil(count / batchSize);

/**
 * An epoch over `set` in random order, from batch `from` on. Order and pixel noise are functions of (random, epoch, batch), so
 * an epoch may be taken up anywhere.
 */
export function* trainingBatches(
  set: Split,
  options: Coded & EpochPlan & { epoch: number; from?: number; random: RandomStream },
): Generator<Batch> {
  const { batchSize, epoch, from = 0, random } = options;
  const shuffle = random.fork("shuffle").fork(epoch);
  const noise = random.fork("pixels").fork(epoch);
  const perPass = batchesPerEpoch(set.count, { batchSize });
  let order = new Uint32Array();
  for (let index = from; index < batchesPerEpoch(set.count, options); index++) {
    const place = index % perPass;
    const pass = (index - place) / perPass;
    if (index === from || place === 0)
      order = (pass === 0 ? shuffle : shuffle.fork(pass)).permutation(set.count);
    const chosen = order.subarray(place * batchSize, (place + 1) * batchSize);
    yield { columns: codeBatch(set, options, chosen, noise.fork(index)), count: chosen.length, index };
  }
}

/**
 * A pass in stored order with noise that belongs to each example, so that the numbers do not depend on the batch size
 * and dynamic binarisation is frozen.
 */
export function* evaluationBatches(
  set: Split,
  options: Coded & { batchSize: number; random: RandomStream },
): Generator<Batch> {
  const { batchSize, random } = options;
  for (let start = 0, index = 0; start < set.count; start += batchSize, index++) {
    const count = Math.min(batchSize, set.count - start);
    const chosen = Uint32Array.from({ length: count }, (_, i) => start + i);
    yield { columns: codeEachExample(set, options, chosen, random.fork("pixels")), count, index };
  }
}

/** All examples from one stream, one after the other. */
const codeBatch = (set: Split, coded: Coded, chosen: Uint32Array, random: RandomStream) =>
  codeExamples(set, coded, chosen, () => random);

/** Each example from a stream of its own. */
const codeEachExample = (set: Split, coded: Coded, chosen: Uint32Array, random: RandomStream) =>
  codeExamples(set, coded, chosen, isRandomCoding(coded.coding) ? (i) => random.fork(i) : () => random);

/** An example's fields draw from its stream in turn. */
function codeExamples(
  set: Split,
  { fields, coding }: Coded,
  chosen: Uint32Array,
  randomOf: (example: number) => RandomStream,
): Batch["columns"] {
  const columns = fields.map((field) => {
    const size = codedSize(field);
    return {
      field,
      D: fieldSize(field),
      size,
      stored: columnOf(set, field),
      coded: new Float32Array(chosen.length * size),
    };
  });
  for (const [i, example] of chosen.entries()) {
    const random = randomOf(example);
    for (const { field, D, size, stored, coded } of columns) {
      const values = stored.subarray(example * D, (example + 1) * D);
      codeExample(field, values, { coding, random }, coded, i * size);
    }
  }
  return Object.fromEntries(columns.map(({ field, coded }) => [field.name, coded]));
}
