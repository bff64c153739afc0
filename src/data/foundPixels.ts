type Column = Uint8Array | Uint16Array | Float32Array;

/** The values that are black and white. */
export type Range = readonly [black: number, white: number];

/** What the values of pixels are, over all parts of a dataset, as their files have them. */
export interface FoundPixels {
  /** Of a value, 8 or 16; 32 of numbers of any other type. */
  readonly bits: number;
  /** Whether they are of another type than unsigned integers of 8 or 16 bits, which has no range of its own. */
  readonly isReal: boolean;
  /** Whether all of them are whole numbers. */
  readonly isWhole: boolean;
  readonly least: number;
  readonly most: number;
  /** Of unsigned integers: the largest below `most`, if there is one, and the greatest that divides all of them. */
  readonly second?: number;
  readonly step?: number;
  /** Of all values, those that are the least and the most. */
  readonly shareLeast: number;
  readonly shareMost: number;
  /** How many different values there are; absent where there are more than 65,536. */
  readonly distinct?: number;
}

/** What pixels were, and which of their values are black and white now. */
export interface ReadPixels extends FoundPixels {
  readonly range: Range;
  /** How many levels there are from black to white. */
  readonly levels: number;
}

const MOST_DISTINCT = 2 ** 16;

export function findPixels(parts: readonly Column[]): FoundPixels {
  const isReal = parts.some((values) => values instanceof Float32Array);
  const bits = isReal ? 32 : 8 * Math.max(...parts.map((values) => values.BYTES_PER_ELEMENT));
  const counts = isReal ? countsOfReals(parts) : countsOfIntegers(parts, bits);
  const total = parts.reduce((sum, { length }) => sum + length, 0);
  const { ofLeast, ofMost, distinct, ...values } = counts;
  return {
    ...{ bits, isReal, ...values },
    isWhole: !isReal || parts.every((values) => values.every(Number.isInteger)),
    shareLeast: ofLeast / total,
    shareMost: ofMost / total,
    ...(distinct !== undefined && { distinct }),
  };
}

function countsOfIntegers(parts: readonly Column[], bits: number) {
  const counts = new Float64Array(2 ** bits);
  for (const values of parts) for (let i = 0; i < values.length; i++) counts[values[i]!]!++;
  const least = counts.findIndex((count) => count > 0);
  const most = counts.findLastIndex((count) => count > 0);
  const second = counts.subarray(0, most).findLastIndex((count) => count > 0);
  return {
    ...(second >= 0 && { second }),
    step: counts.reduce((step, count, value) => (count > 0 ? divisorOf(step, value) : step), 0),
    ...{ least, most, ofLeast: counts[least]!, ofMost: counts[most]! },
    distinct: counts.reduce((sum, count) => sum + Number(count > 0), 0),
  };
}

/** The greatest that divides both. */
const divisorOf = (a: number, b: number): number => (b === 0 ? a : divisorOf(b, a % b));

function countsOfReals(parts: readonly Column[]) {
  let [least, most] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  let [ofLeast, ofMost] = [0, 0];
  const seen = new Set<number>();
  for (const values of parts) {
    for (let i = 0; i < values.length; i++) {
      const value = values[i]!;
      if (value < least) [least, ofLeast] = [value, 0];
      if (value > most) [most, ofMost] = [value, 0];
      if (value === least) ofLeast++;
      if (value === most) ofMost++;
      if (seen.size <= MOST_DISTINCT) seen.add(value);
    }
  }
  return {
    ...{ least, most, ofLeast, ofMost },
    distinct: seen.size <= MOST_DISTINCT ? seen.size : undefined,
  };
}
