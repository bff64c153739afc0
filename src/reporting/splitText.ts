import { counted } from "../base/counted.ts";
import type { Calibration } from "../evaluation/calibration.ts";
import { isExact, type SplitSummary } from "../evaluation/summary.ts";
import { formatCount, formatError, formatNats, formatNumber, formatShare, isAtFloor } from "./format.ts";

/** Where the numbers of a split belong: no number is printed without them. */
export interface Measure {
  readonly baseMeasure: string;
  readonly pixels: string;
}

/** From so many images on, the ten worst are few; with fewer they are no tail. */
const MANY_IMAGES = 1000;

/**
 * The bound and its parts, one to a line, each with its standard error over images; of a bare loss only the parts, and
 * without a latent −log p(x|y).
 */
export function splitLines(summary: SplitSummary, measure: Measure): string[] {
  const { bitsPerDim, distortionStandardError, rateStandardError } = summary;
  const distortion = formatNats(summary.distortion);
  const rate = formatNats(summary.rate);
  const ofRate = line("rate", rate, formatError(rateStandardError), "nats per image");
  if (bitsPerDim === undefined) {
    const what = "per image: a loss and no likelihood, so there is no ELBO and there are no bits";
    const loss = line("loss", distortion, formatError(distortionStandardError), what);
    return summary.rate === 0 ? [loss] : [loss, ofRate];
  }
  if (isExact(summary)) {
    const what = "nats per image, -log p(x|y), exact";
    return [
      line("NLL", distortion, formatError(summary.nllStandardError), what),
      ...bitsLines(summary, measure),
      ...tailLines(summary),
    ];
  }
  const elbo = formatNats(Number(distortion) + Number(rate));
  return [
    line(
      "-ELBO",
      elbo,
      formatError(summary.elboStandardError),
      `nats per image = distortion + rate${drawsText(summary)}`,
    ),
    line("distortion", distortion, formatError(distortionStandardError), "nats per image"),
    ofRate,
    ...nllLines(summary),
    ...bitsLines(summary, measure),
    ...tailLines(summary),
  ];
}

const line = (name: string, value: string, error: string, what: string) =>
  `  ${name.padEnd(11)} ${value.padStart(10)}${error} ${what}`;

const drawsText = ({ samples, elboDrawError }: SplitSummary) =>
  elboDrawError === undefined
    ? ", one z per image"
    : `, mean over ${samples} z per image (of the error,${formatError(elboDrawError)} is from them)`;

function nllLines({ k, nll, gap, effectiveSampleSize, ...errors }: SplitSummary): string[] {
  if (nll === undefined || gap === undefined || effectiveSampleSize === undefined) return [];
  const { nllStandardError, nllDrawError, gapStandardError } = errors;
  const ofDraws =
    nllDrawError === undefined ? "" : ` (of the error,${formatError(nllDrawError)} is from them)`;
  const { median, tenthPercentile } = effectiveSampleSize;
  return [
    line(
      "NLL",
      formatNats(nll),
      formatError(nllStandardError),
      `nats per image, K = ${formatCount(k!)} importance weights${ofDraws}`,
    ),
    line("gap", formatNats(gap), formatError(gapStandardError), "nats per image, -ELBO less NLL"),
    line(
      "ESS",
      median.toFixed(1),
      "",
      `of the ${formatCount(k!)} weights count at the median image, ${tenthPercentile.toFixed(1)} at the tenth percentile`,
    ),
  ];
}

function bitsLines(summary: SplitSummary, { baseMeasure, pixels }: Measure): string[] {
  const { bitsPerDim, bitsPerDimStandardError, levels256, nllBitsPerDim } = summary;
  const bits = (value: number, error: number | undefined, what: string) =>
    line("bits/dim", value.toFixed(4), formatError(error, 4), what);
  const ofNll =
    nllBitsPerDim === undefined
      ? []
      : [bits(nllBitsPerDim, summary.nllBitsPerDimStandardError, "of the NLL")];
  const ofBytes = `of the bytes (counting measure on ${(levels256?.levels ?? 256).toLocaleString("en-US")} levels): compare likelihoods by this one`;
  return [
    bits(bitsPerDim!, bitsPerDimStandardError, `(${baseMeasure}; pixels ${pixels})`),
    ...ofNll,
    ...(levels256 ? [bits(levels256.bitsPerDim, levels256.bitsPerDimStandardError, ofBytes)] : []),
  ];
}

/** Where a few images or a bound decide, and the mean alone would mislead. */
function tailLines({ count, scaleAtFloor, ...tail }: SplitSummary): string[] {
  const { elboStandardError = 0, medianImage, worstTenImages = 0 } = tail;
  const isHeavy = count >= MANY_IMAGES && worstTenImages > elboStandardError;
  const ofTail =
    isHeavy && medianImage !== undefined
      ? [
          line(
            "median",
            formatNats(medianImage),
            "",
            `is ${isExact(tail) ? "-log p(x|y)" : "-ELBO"} of the median image; the ten worst of ${formatCount(count)} raise the mean by ${formatNats(worstTenImages)}`,
          ),
        ]
      : [];
  const ofFloor = "of the scales: there the lower bound decides, not the data";
  return [
    ...ofTail,
    ...(isAtFloor(scaleAtFloor) ? [line("at floor", formatShare(scaleAtFloor), "", ofFloor)] : []),
  ];
}

/** Why the default σ of the Gaussian is not the one that its own check finds best. */
const WIDE_ON_PURPOSE =
  "  why so wide the default is not the best density: a narrower or learned scale gains nats where pixels repeat " +
  "exactly, and mostly gives the bytes fewer (MNIST: 2.78 bits/dim of the bytes learned, 2.42 at 0.35); --sigma shared learns it";

/** What the check of the noise found, against what it would find if the noise were as assumed. */
export function noiseLines(
  { images, coverage, residuals, scaleFit }: Calibration,
  { sigma }: SplitSummary,
  { isDefaultSigma = false } = {},
): string[] {
  const { mean, standardDeviation, skewness, kurtosis } = residuals;
  const covered = coverage.map(({ nominal, observed }) => `${formatShare(observed)} (${100 * nominal} %)`);
  const lines = [
    `noise check on ${counted(images, "image")}; in brackets what it would be if the noise were as assumed`,
    `  intervals   the central ones hold ${covered.join(", ")} of the values`,
    `  residuals   mean ${mean.toFixed(3)} (0), standard deviation ${standardDeviation.toFixed(3)} (1), ` +
      `skewness ${skewness.toFixed(2)}, kurtosis ${kurtosis.toFixed(2)}`,
  ];
  if (!scaleFit) return lines;
  const { factor, gain, gainStandardError } = scaleFit;
  const best =
    sigma === undefined ? "" : `, sigma ${formatNumber(sigma * factor)} instead of ${formatNumber(sigma)},`;
  return [
    ...lines,
    `  best scale  ${formatNumber(factor)} times the assumed one${best} would gain ${formatNats(gain)}${formatError(gainStandardError)} nats per image ` +
      `(fitted on ${counted(scaleFit.images, "training image")})`,
    ...(isDefaultSigma && factor < 1 ? [WIDE_ON_PURPOSE] : []),
  ];
}
