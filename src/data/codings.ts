import type { RandomStream } from "../tensors/random.ts";
import type { Field } from "./field.ts";
import { baseMeasureOf, type Support } from "./support.ts";

/** How a level v of 0 … w becomes a value x, besides `levels-K`; w is 255, for bytes, unless more are kept. A likelihood says which of these it is a density for. */
export const pixelCodings = [
  "binary-dynamic", // x ~ Bernoulli(v / w), drawn anew for each training batch (Burda et al. 2016, section 5)
  "binary-static", // the same, drawn once and for all where the data are read: see `binarized`
  "binary-threshold", // x = 1 where v > w / 2
  "gray", // x = v / w
  "gray-dequantized", // x = (v + u) / (w + 1), u ~ U[0, 1): a density for data on w + 1 levels (Theis et al. 2016, eq. 2)
] as const;

/**
 * x = k / (K − 1) with the level k = ⌊v·K / (w + 1)⌋, K levels, 2 ≤ K ≤ 256. Scaled to [0, 1] like every other coding, so
 * that encoders and pictures need not know of levels; the categorical likelihood scales back. `levels-256` is `gray`.
 */
export type LevelsCoding = `levels-${number}`;

export type PixelCoding = (typeof pixelCodings)[number] | LevelsCoding;

export const levelsCoding = (levels: number): LevelsCoding => `levels-${levels}`;

/** Whether K is one that bytes can be quantised to. */
export const isLevelsCoding = (coding: LevelsCoding) => levelsOf(coding) >= 2 && levelsOf(coding) <= 256;

/** K of `levels-K`. */
export const levelsOf = (coding: LevelsCoding) => Number(coding.slice("levels-".length));

const levelValue = (v: number, levels: number, white: number) =>
  Math.floor((v * levels) / (white + 1)) / (levels - 1);

/** The codings of bytes that a density with this support is one for; `pixels: auto` takes the first. None for counts. */
export function codingsFor(support: Support): readonly PixelCoding[] {
  switch (support.set) {
    case "real":
      return support.canDiverge ? ["gray-dequantized"] : ["gray", "gray-dequantized"];
    case "unit interval":
      return ["gray-dequantized"];
    case "binary":
      return ["binary-dynamic", "binary-static", "binary-threshold"];
    case "levels":
      return [levelsCoding(support.levels)];
    case "bytes":
      return ["gray"];
    case "counts":
      return [];
    case "any":
      return ["gray", "gray-dequantized", "binary-dynamic", "binary-static", "binary-threshold"];
  }
}

/** The base measure of a density over coded pixels, or over the target of a table, in words. */
export function describeMeasure(support: Support, target?: Field): string {
  if (target?.valueNames) return describeMeasureOf(target, support);
  switch (baseMeasureOf(support)) {
    case "Lebesgue":
      return "Lebesgue measure on the real line, pixels scaled to [0, 1]";
    case "counting":
      return `counting measure on ${support.set === "binary" ? "{0, 1}" : `${support.set === "levels" ? support.levels : 256} levels`}`;
    case "none":
      return "no measure: a loss, not a density";
  }
}

function describeMeasureOf(target: Field, support: Support): string {
  if (target.kind === "class") return `counting measure on ${target.classCount} classes`;
  if (support.set === "counts") return "counting measure on 0, 1, 2, …";
  return `Lebesgue measure in units of ${target.valueNames![0]}`;
}

/** The codings that draw random numbers. */
export const isRandomCoding = (coding: PixelCoding) =>
  coding === "binary-dynamic" || coding === "gray-dequantized";

/** P(x = 1) · 2^32 for each byte, so that one comparison of integers draws a pixel. */
const ONE_THRESHOLD = Float64Array.from({ length: 256 }, (_, v) => (v / 255) * 2 ** 32);

/** Writes x for the levels `values` into `out` (same length) from `offset` on. `random` is read by the random codings alone. */
export function codePixels(
  coding: PixelCoding,
  values: Uint8Array | Uint16Array,
  random: RandomStream,
  out: Float32Array,
  offset = 0,
  white = 255,
): void {
  const n = values.length;
  switch (coding) {
    case "binary-dynamic": {
      const thresholds = white === 255 ? ONE_THRESHOLD : undefined;
      for (let i = 0; i < n; i++) {
        const v = values[i]!;
        // Most pixels are black or white, and need no draw.
        if (v === 0 || v === white) out[offset + i] = Number(v > 0);
        else out[offset + i] = Number(random.uint32() < (thresholds?.[v] ?? (v / white) * 2 ** 32));
      }
      return;
    }
    case "binary-static": // of bytes that are 0 or 255
    case "binary-threshold":
      for (let i = 0; i < n; i++) out[offset + i] = 2 * values[i]! > white ? 1 : 0;
      return;
    case "gray":
      for (let i = 0; i < n; i++) out[offset + i] = values[i]! / white;
      return;
    case "gray-dequantized":
      for (let i = 0; i < n; i++) out[offset + i] = (values[i]! + random.uniform()) / (white + 1);
      return;
    default: {
      const levels = levelsOf(coding);
      for (let i = 0; i < n; i++) out[offset + i] = levelValue(values[i]!, levels, white);
    }
  }
}

/** E[x] for a level, over the draws of a random coding. */
export function expectedPixel(coding: PixelCoding, v: number, white = 255): number {
  switch (coding) {
    case "binary-static":
    case "binary-threshold":
      return 2 * v > white ? 1 : 0;
    case "binary-dynamic":
    case "gray":
      return v / white;
    case "gray-dequantized":
      return (v + 0.5) / (white + 1);
    default:
      return levelValue(v, levelsOf(coding), white);
  }
}

/**
 * For each level v the interval of x that it stands for, first and last reaching to ∓∞: how a density of x becomes a
 * probability of v. Absent for codings that do not tell all levels apart.
 */
export function byteIntervals(
  coding: PixelCoding,
  white = 255,
): { lower: Float64Array; upper: Float64Array } | undefined {
  const levels = white + 1;
  const edge = { gray: (v: number) => (v - 0.5) / white, "gray-dequantized": (v: number) => v / levels };
  const at = coding === `levels-${levels}` ? edge.gray : edge[coding as keyof typeof edge];
  if (!at) return undefined;
  const last = (v: number) => (v === white ? Number.POSITIVE_INFINITY : at(v + 1));
  return {
    lower: Float64Array.from({ length: levels }, (_, v) => (v === 0 ? Number.NEGATIVE_INFINITY : at(v))),
    upper: Float64Array.from({ length: levels }, (_, v) => last(v)),
  };
}
