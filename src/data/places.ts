import { counted } from "../base/counted.ts";
import { VaeError } from "../base/errors.ts";
import { RandomStream } from "../tensors/random.ts";
import type { Places } from "./dataset.ts";
import { labelCounts } from "./pixelStatistics.ts";
import type { Order } from "./source.ts";

/** What the training examples of a source are, as far as it matters for who goes where. */
export interface Examples {
  readonly count: number;
  /** The class of each. */
  readonly labels?: ArrayLike<number>;
  /** What each belongs to: those of equal names stay together. */
  readonly groups?: readonly string[];
}

export interface Held {
  readonly validation: number;
  /** 0 where there is a test part already. */
  readonly test: number;
}

/**
 * Draws the parts. The places are in some order, and validation is the end of it, with test before: [train | test | validation].
 * `file` takes them as they are. `shuffled` is a permutation in which each stretch holds the classes in their shares, and
 * `group` the same of groups. A function of (examples, held, seed) alone.
 */
export function drawPlaces(
  examples: Examples,
  held: Held,
  { order, seed }: { readonly order: Exclude<Order, "auto">; readonly seed: number },
): Places {
  const random = new RandomStream(seed).fork("split");
  if (order === "group") return drawGroups(examples.groups!, examples, held, random);
  const places =
    order === "file"
      ? Uint32Array.from({ length: examples.count }, (_, i) => i)
      : stratified(examples.count, examples.labels, random);
  const end = examples.count - held.validation;
  return {
    train: places.subarray(0, end - held.test),
    validation: places.subarray(end),
    ...(held.test > 0 && { test: places.subarray(end - held.test, end) }),
  };
}

/** A permutation of 0 … count − 1; the i-th of the n of a class is at about (i + ½) / n of its length. */
function stratified(
  count: number,
  labels: ArrayLike<number> | undefined,
  random: RandomStream,
): Uint32Array<ArrayBuffer> {
  const order = random.permutation(count);
  if (!labels) return order;
  const total = labelCounts(labels);
  const seen = total.map(() => 0);
  const position = new Float64Array(count);
  for (const place of order) {
    const label = labels[place]!;
    position[place] = (seen[label]!++ + 0.5) / total[label]!;
  }
  return order.sort((a, b) => position[a]! - position[b]!); // stable: equal ones stay in their random order
}

/** The places of each name. */
function byName(names: readonly string[]): number[][] {
  const groups = new Map<string, number[]>();
  for (const [place, name] of names.entries()) {
    const group = groups.get(name);
    if (group) group.push(place);
    else groups.set(name, [place]);
  }
  return [...groups.values()];
}

/** Whole groups, each in the first part that has room for it; a group is of the class of its first example. */
function drawGroups(
  names: readonly string[],
  { labels }: Examples,
  held: Held,
  random: RandomStream,
): Places {
  const groups = byName(names);
  const labelsOfGroups = labels && groups.map(([first]) => labels[first!]!);
  let left = Array.from(stratified(groups.length, labelsOfGroups, random), (group) => groups[group]!);
  const take = (most: number) => {
    const taken = new Set<number[]>();
    let room = most;
    for (const group of left.toReversed()) {
      if (group.length > room) continue;
      taken.add(group);
      room -= group.length;
    }
    left = left.filter((group) => !taken.has(group));
    return Uint32Array.from([...taken].flat());
  };
  const [validation, test] = [take(held.validation), take(held.test)];
  const train = Uint32Array.from(left.flat());
  if (train.length > 0 && validation.length > 0 && (held.test === 0 || test.length > 0)) {
    return { train, validation, ...(held.test > 0 && { test }) };
  }
  const sizes = groups.map(({ length }) => length).sort((a, b) => a - b);
  const [least, most] = [sizes[0]!, sizes.at(-1)!];
  throw new VaeError(
    "usage",
    `dataset.split.order is group, but ${counted(groups.length, "group")} ` +
      `of ${least === most ? least : `${least} to ${most}`} images cannot be parted: validation takes whole groups of up to ${held.validation} images` +
      `${held.test > 0 ? `, and so does test of up to ${held.test}` : ""}. ` +
      `Set ${groups.length > 2 && held.validation < least ? `dataset.validation to at least ${least}` : "dataset.validation to more"}, ` +
      "or dataset.split.by to what makes more groups.",
  );
}
