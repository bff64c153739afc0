import type { Calibration } from "../evaluation/calibration.ts";
import type { SplitSummary } from "../evaluation/summary.ts";
import { formatNats, formatNumber, formatShare, isAtFloor } from "./format.ts";

/** Where the numbers of a split belong: no number is printed without them. */
export interface Measure {
  readonly baseMeasure: string;
  readonly pixels: string;
}

/** The bound and its parts, one to a line; of a bare loss only the parts. */
export function splitLines(summary: SplitSummary, { baseMeasure, pixels }: Measure): string[] {
  const { bitsPerDim, levels256, scaleAtFloor } = summary;
  const distortion = formatNats(summary.distortion);
  const rate = formatNats(summary.rate);
  const line = (name: string, value: string, what: string) =>
    `  ${name.padEnd(11)} ${value.padStart(10)} ${what}`;
  if (bitsPerDim === undefined) {
    return [
      line(
        "loss",
        distortion,
        "per image: a loss and no likelihood, so there is no ELBO and there are no bits",
      ),
      line("rate", rate, "nats per image"),
    ];
  }
  return [
    line("-ELBO", formatNats(Number(distortion) + Number(rate)), "nats per image = distortion + rate"),
    line("distortion", distortion, "nats per image"),
    line("rate", rate, "nats per image"),
    line("bits/dim", bitsPerDim.toFixed(4), `(${baseMeasure}; pixels ${pixels})`),
    ...(levels256
      ? [
          line(
            "bits/dim",
            levels256.bitsPerDim.toFixed(4),
            "of the bytes (counting measure on 256 levels): compare likelihoods by this one",
          ),
        ]
      : []),
    ...(isAtFloor(scaleAtFloor)
      ? [
          line(
            "at floor",
            formatShare(scaleAtFloor),
            "of the scales: there the lower bound decides, not the data",
          ),
        ]
      : []),
  ];
}

/** What the check of the noise found, against what it would find if the noise were as assumed. */
export function noiseLines(
  { images, coverage, residuals, scaleFit }: Calibration,
  { sigma }: SplitSummary,
): string[] {
  const { mean, standardDeviation, skewness, kurtosis } = residuals;
  const covered = coverage.map(({ nominal, observed }) => `${formatShare(observed)} (${100 * nominal} %)`);
  const lines = [
    `noise check on ${images} images; in brackets what it would be if the noise were as assumed`,
    `  intervals   the central ones hold ${covered.join(", ")} of the values`,
    `  residuals   mean ${mean.toFixed(3)} (0), standard deviation ${standardDeviation.toFixed(3)} (1), ` +
      `skewness ${skewness.toFixed(2)}, kurtosis ${kurtosis.toFixed(2)}`,
  ];
  if (!scaleFit) return lines;
  const { factor, gain } = scaleFit;
  const best =
    sigma === undefined ? "" : `, sigma ${formatNumber(sigma * factor)} instead of ${formatNumber(sigma)},`;
  return [
    ...lines,
    `  best scale  ${formatNumber(factor)} times the assumed one${best} would gain ${formatNats(gain)} nats per image ` +
      `(fitted on ${scaleFit.images} training images)`,
  ];
}
