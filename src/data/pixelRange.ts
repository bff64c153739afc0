import { counted } from "../base/counted.ts";
import { VaeError } from "../base/errors.ts";
import type { Column, SourceData, Split } from "./dataset.ts";
import { type Field, fieldSize, withWhite } from "./field.ts";
import { type FoundPixels, findPixels, type Range, type ReadPixels } from "./foundPixels.ts";

/** What the user says of the values of pixels. */
export interface RangeSettings {
  /** The values that are black and white; `auto` takes the narrowest usual ones that hold them all. */
  readonly range?: readonly number[] | "auto" | undefined;
  /** Bits of a value that are kept: whole numbers keep all of their levels by `auto`, and others 256. */
  readonly depth?: "auto" | 8 | 10 | 12 | 14 | 16 | undefined;
}

/** Of a value in memory. */
const MOST_LEVELS = 2 ** 16;

/**
 * Pixels as their file has them become levels from 0, black, to white, which is 255 unless more are kept. Where the values cannot be of the range that
 * their type has, what they are is asked for, in an error with the line to type.
 */
export function withRange(
  source: SourceData,
  settings: RangeSettings,
  warn: (text: string) => void,
): SourceData & { readonly pixels?: ReadPixels } {
  const field = Object.values(source.fields).find(({ kind, show }) => kind === "bytes" && show === "image");
  if (!field) return source;
  const name = Object.keys(source.hashes)[0] ?? "the dataset";
  const { train, validation, test } = source;
  const parts = [train, validation, test].flatMap((split) => split?.columns[field.name] ?? []);
  const found = findPixels(parts);
  const range = rangeOf(name, found, settings, warn);
  const white = levelsIn(range, found, settings) - 1;
  tellSteps(name, range, white + 1, found, warn);
  const pixels = { ...found, range, levels: white + 1 };
  if (parts.every((column) => column instanceof Uint8Array) && String(range) === "0,255") {
    return { ...source, pixels };
  }
  const levelled = (split: Split): Split => {
    const column = split.columns[field.name];
    if (!column) return split;
    const levels = levelsOf(column, range, white, (i) => `${name}: ${placeOf(field, i)} of a part`);
    return { ...split, columns: { ...split.columns, [field.name]: levels } };
  };
  return {
    ...source,
    fields: { ...source.fields, [field.name]: withWhite(field, white) },
    pixels,
    train: levelled(train),
    ...(validation && { validation: levelled(validation) }),
    ...(test && { test: levelled(test) }),
  };
}

/** How many levels there are from black to white. */
function levelsIn(
  [black, white]: Range,
  { isWhole }: FoundPixels,
  { depth = "auto" }: RangeSettings,
): number {
  const most = depth === "auto" ? MOST_LEVELS : 2 ** depth;
  const isOfWholes = isWhole && Number.isInteger(black) && Number.isInteger(white);
  if (!isOfWholes) return depth === "auto" ? 256 : most;
  return Math.min(most, Math.max(256, white - black + 1));
}

/** Says where values leave out levels by a rule: fewer bits than 16 that were stretched to them, or moved up. */
function tellSteps(
  name: string,
  range: Range,
  levels: number,
  { step = 1 }: FoundPixels,
  warn: (text: string) => void,
): void {
  const isStretched = step > 0 && step % 257 === 0;
  const regular = isStretched ? 257 : step & -step;
  const own: Range = !isStretched && String(range) === "0,65535" ? [0, 2 ** 16 - regular] : range;
  const depth = Math.log2((own[1] - own[0]) / regular + 1);
  if (![8, 10, 12, 14].includes(depth) || levels <= 2 ** depth) return;
  warn(
    `All values of ${name} are multiples of ${regular}: what had ${depth} bits is stored as 16, and bits per dimension would be ` +
      `of levels that no pixel has. To keep its own ${(2 ** depth).toLocaleString("en-US")}: ` +
      `${String(own) === String(range) ? "" : `--dataset.range ${own} `}--dataset.depth ${depth}.`,
  );
}

/** ⌊w (v − black) / (white − black)⌉ for the highest level w; `where` tells of value i. */
export function levelsOf(
  values: Column,
  [black, white]: Range,
  highest: number,
  where: (i: number) => string,
): Uint8Array | Uint16Array {
  const levels = new (highest > 255 ? Uint16Array : Uint8Array)(values.length);
  for (let i = 0; i < values.length; i++) {
    const value = values[i]!;
    // So that NaN is none of them either.
    if (!(value >= black && value <= white)) {
      throw new VaeError(
        "failure",
        `${where(i)} is ${value}, outside of dataset.range [${black}, ${white}].`,
      );
    }
    levels[i] = Math.round((highest * (value - black)) / (white - black));
  }
  return levels;
}

function placeOf(field: Field, i: number): string {
  const D = fieldSize(field);
  return `value ${i % D} of image ${Math.floor(i / D)}`;
}

function rangeOf(
  name: string,
  found: FoundPixels,
  { range }: RangeSettings,
  warn: (text: string) => void,
): Range {
  const { bits, least, most, isReal } = found;
  if (least > most) throw new VaeError("failure", `${name}: none of the values of its pixels is a number.`);
  if (range === "auto") return autoRange(name, found);
  if (range) return range as readonly number[] as Range;
  const ofType: Range = [0, 2 ** bits - 1];
  const { second = 0 } = found;
  if (isReal) throw ask(name, found, "Which of them are black and white is not known");
  if (most === 0) warn(`Every pixel of ${name} is 0: all of its images are black.`);
  else if (most < 2 ** (bits - 2)) {
    const why = `That leaves ${bits - Math.ceil(Math.log2(most + 1))} of the bits unused: with ${ofType[1]} as white, all of its images are nearly black`;
    throw ask(name, found, why);
  } else if (most < 2 ** (bits - 1)) {
    warn(
      `The brightest pixel of ${name} is ${most}, and ${ofType[1]} is white: to the model its images are dark. ` +
        `If ${most} is to be white: --dataset.range 0,${most}.`,
    );
  } else if (second > 0 && second < 2 ** (bits - 2)) {
    warn(
      `But for ${most}, which ${percent(found.shareMost)} of the values are, no pixel of ${name} is above ${second}: with ${ofType[1]} as white ` +
        `they are nearly black. If ${most} only marks pixels, such as faults or those of no class, put another value in its place.`,
    );
  }
  return ofType;
}

function autoRange(name: string, found: FoundPixels): Range {
  const usual = usualRange(found);
  if (usual[0] < usual[1] && Number.isFinite(usual[1] - usual[0])) return usual;
  throw new VaeError(
    "failure",
    `${name}: ${describeFound(found)}, of which dataset.range auto can make nothing. Name the values that are black and ` +
      "white, such as --dataset.range 0,1.",
  );
}

/** What to say where the range is not known. */
function ask(name: string, found: FoundPixels, why: string): VaeError {
  const { bits, isReal, least, most } = found;
  const [auto, ofType] = [usualRange(found), [0, 2 ** bits - 1]];
  // Of two values, one is black and the other white.
  const all = [found.distinct === 2 ? least : Math.min(0, least), most] as const;
  const usual = String(auto) === String(ofType) ? all : auto;
  const others = [
    ...(isReal || String(all) === String(usual) ? [] : [`${all} makes the largest white`]),
    ...(isReal ? [] : [`${ofType} takes them as they are`]),
  ];
  return new VaeError(
    "usage",
    `${name}: ${describeFound(found)}. ${why}. Say which values are black and white: --dataset.range ${usual}, or in a file ` +
      `dataset.range: [${usual.join(", ")}]${others.length > 0 ? `; ${others.join(", and ")}` : ""}. --dataset.range auto takes ${auto}.`,
  );
}

const USUAL: readonly Range[] = [
  [0, 1],
  [-1, 1],
  ...[8, 10, 12, 14, 16].map((bits): Range => [0, 2 ** bits - 1]),
];

/** The narrowest usual range that holds the values, or else from the least to the most. */
export const usualRange = ({ least, most }: FoundPixels): Range =>
  USUAL.find(([black, white]) => least >= black && most <= white) ?? [least, most];

/** The same, and which of the values are black and white. */
export const describePixels = ({ range, levels, ...found }: ReadPixels): string =>
  `${describeFound(found)}; ${range[0]} is black, ${range[1]} white` +
  (levels === 256 ? "" : `, on ${levels.toLocaleString("en-US")} levels`);

const percent = (share: number) => `${(100 * share).toFixed(1)} %`;

/** `8 bits from 0 to 1, 2 distinct values, 88.4 % of them 0 and 11.6 % 1` */
function describeFound({ bits, isReal, least, most, distinct, shareLeast, shareMost }: FoundPixels): string {
  const short = (value: number) => Number(value.toPrecision(6));
  const values = distinct === undefined ? "many distinct values" : counted(distinct, "distinct value");
  return (
    `${isReal ? "numbers" : `${bits} bits`} from ${short(least)} to ${short(most)}, ${values}` +
    (distinct === 1
      ? ""
      : `, ${percent(shareLeast)} of them ${short(least)} and ${percent(shareMost)} ${short(most)}`)
  );
}
