import type { RandomStream } from "../tensors/random.ts";
import type { Field } from "./field.ts";
import { baseMeasureOf, type Support } from "./support.ts";

/** How a byte v becomes a value x, besides `levels-K`. A likelihood says which of these it is a density for. */
export const pixelCodings = [
  "binary-dynamic", // x ~ Bernoulli(v / 255), drawn anew for each training batch (Burda et al. 2016, section 5)
  "binary-static", // the same, drawn once and for all where the data are read: see `binarized`
  "binary-threshold", // x = 1 where v >= 128
  "gray", // x = v / 255
  "gray-dequantized", // x = (v + u) / 256, u ~ U[0, 1): a density for data on 256 levels (Theis et al. 2016, eq. 2)
] as const;

/**
 * x = k / (K − 1) with the level k = ⌊v·K / 256⌋, K levels, 2 ≤ K ≤ 256. Scaled to [0, 1] like every other coding, so
 * that encoders and pictures need not know of levels; the categorical likelihood scales back. `levels-256` is `gray`.
 */
export type LevelsCoding = `levels-${number}`;

export type PixelCoding = (typeof pixelCodings)[number] | LevelsCoding;

export const levelsCoding = (levels: number): LevelsCoding => `levels-${levels}`;

/** Whether K is one that bytes can be quantised to. */
export const isLevelsCoding = (coding: LevelsCoding) => levelsOf(coding) >= 2 && levelsOf(coding) <= 256;

/** K of `levels-K`. */
export const levelsOf = (coding: LevelsCoding) => Number(coding.slice("levels-".length));

const levelValue = (byte: number, levels: number) => Math.floor((byte * levels) / 256) / (levels - 1);

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

/** Writes x for `bytes` into `out` (same length) from `offset` on. `random` is read by the random codings alone. */
export function codePixels(
  coding: PixelCoding,
  bytes: Uint8Array,
  random: RandomStream,
  out: Float32Array,
  offset = 0,
): void {
  const n = bytes.length;
  switch (coding) {
    case "binary-dynamic":
      for (let i = 0; i < n; i++) {
        const byte = bytes[i]!;
        // Most pixels are black or white, and need no draw.
        if (byte === 0 || byte === 255) out[offset + i] = byte >> 7;
        else out[offset + i] = Number(random.uint32() < ONE_THRESHOLD[byte]!);
      }
      return;
    case "binary-static": // of bytes that are 0 or 255
    case "binary-threshold":
      for (let i = 0; i < n; i++) out[offset + i] = bytes[i]! >= 128 ? 1 : 0;
      return;
    case "gray":
      for (let i = 0; i < n; i++) out[offset + i] = bytes[i]! / 255;
      return;
    case "gray-dequantized":
      for (let i = 0; i < n; i++) out[offset + i] = (bytes[i]! + random.uniform()) / 256;
      return;
    default: {
      const levels = levelsOf(coding);
      for (let i = 0; i < n; i++) out[offset + i] = levelValue(bytes[i]!, levels);
    }
  }
}

/** E[x] for a byte, over the draws of a random coding. */
export function expectedPixel(coding: PixelCoding, byte: number): number {
  switch (coding) {
    case "binary-static":
    case "binary-threshold":
      return byte >= 128 ? 1 : 0;
    case "binary-dynamic":
    case "gray":
      return byte / 255;
    case "gray-dequantized":
      return (byte + 0.5) / 256;
    default:
      return levelValue(byte, levelsOf(coding));
  }
}

/**
 * For each byte v the interval of x that it stands for, first and last reaching to ∓∞: how a density of x becomes a
 * probability of v. Absent for codings that do not tell all 256 bytes apart.
 */
export function byteIntervals(coding: PixelCoding): { lower: Float64Array; upper: Float64Array } | undefined {
  const edge = { gray: (v: number) => (v - 0.5) / 255, "gray-dequantized": (v: number) => v / 256 };
  const at = coding === "levels-256" ? edge.gray : edge[coding as keyof typeof edge];
  if (!at) return undefined;
  return {
    lower: Float64Array.from({ length: 256 }, (_, v) => (v === 0 ? Number.NEGATIVE_INFINITY : at(v))),
    upper: Float64Array.from({ length: 256 }, (_, v) => (v === 255 ? Number.POSITIVE_INFINITY : at(v + 1))),
  };
}
