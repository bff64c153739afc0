import { COUNTS, disturbances, type SumOfDisturbances, sumsOf } from "../evaluation/centralLimit.ts";
import { entropyOf, gaussianEntropy } from "../evaluation/entropy.ts";
import { RESOLUTION, type ResidualNoise } from "../evaluation/residuals.ts";
import { formatCount } from "../reporting/format.ts";
import { type Block, list, type Page, paragraph } from "./document.ts";
import { nats, number, setting } from "./numbers.ts";

/** The noise of a run and sums of disturbances, for the page and for the figure. */
export interface NoiseArgument {
  readonly residual: ResidualNoise;
  readonly sums: readonly { readonly kind: string; readonly sums: readonly SumOfDisturbances[] }[];
}

export const noiseArgument = (residual: ResidualNoise): NoiseArgument => ({
  residual,
  sums: [...Object.entries(disturbances), ["residuals", residual.density] as const].map(
    ([kind, density]) => ({
      kind,
      sums: sumsOf(density),
    }),
  ),
});

/** Why MSE, and what it costs on this run. `mean` is what the residuals are of, such as E[x|y]. */
export function noisePage(
  { residual, sums }: NoiseArgument,
  about: { run: string; dataset: string; mean: string; figure: string | undefined },
): Page {
  const { images, values, mean, standardDeviation, skewness, excessKurtosis, density } = residual;
  const { gapPerValue, gapPerImage, gapStandardError } = residual;
  const entropy = entropyOf(density, values);
  const ofGaussian = gaussianEntropy(standardDeviation);
  const own = sums.find(({ kind }) => kind === "residuals")!.sums;
  const text = argument(residual, own);
  return {
    title: `The noise of ${about.run}, and why MSE`,
    sections: {
      residual: {
        title: "The residual against the Gaussian of the same mean and variance",
        blocks: [
          paragraph(
            `Residuals x − ${about.mean} of the first ${images} test images of ${about.dataset}, all ${formatCount(values)} values together. Of all ` +
              `densities with their mean and variance the Gaussian has the most entropy; what it has more than they is what it ` +
              `leaves on the table, KL(residuals ‖ Gaussian).`,
          ),
          {
            kind: "table",
            head: ["", "residuals", "Gaussian"],
            rows: [
              ["mean", number(mean), number(mean)],
              ["standard deviation", number(standardDeviation), number(standardDeviation)],
              ["skewness", nats(skewness), "0"],
              ["excess kurtosis", nats(excessKurtosis), "0"],
              ["entropy, nats per value", nats(entropy, 4), nats(ofGaussian, 4)],
              ["entropy gap, nats per value", nats(gapPerValue, 4), "0"],
            ],
          },
          paragraph(
            `${nats(gapPerImage)} ± ${nats(gapStandardError)} nats per image are lost to a Gaussian, against one density of the ` +
              `residual shared by all values. The entropy is that of a histogram with bins of one grey level, 1/255, below ` +
              `which the data tell nothing, with the correction of Miller and Madow.`,
          ),
        ],
        facts: {
          ...{ images, values, mean, standardDeviation, skewness, excessKurtosis, entropy },
          ...{ gaussianEntropy: ofGaussian, gapPerValue, gapPerImage, gapStandardError },
          histogram: { start: density.start, width: RESOLUTION, shares: [...density.shares] },
        },
      },
      centralLimit: {
        title: "Sums of many small things",
        blocks: [
          paragraph(
            "The sum of n independent disturbances, standardised, and its distance from N(0, 1): KL in nats, and the largest " +
              "difference of the distribution functions. By convolution of the densities, without draws.",
          ),
          distances(sums, "KL, nats", ({ gap }) => gap),
          distances(sums, "sup |F − Φ|", ({ kolmogorov }) => kolmogorov),
          list(
            "KL falls as 1 / n where the disturbance is skewed and as 1 / n² where it is symmetric: κ₃² / 12n + κ₄² / 48n²",
            "residuals: draws of the run's own residuals, as if each were a sum's part",
          ),
        ],
        facts: Object.fromEntries(
          sums.map(({ kind, sums }) => [
            kind,
            sums.map(({ n, gap, kolmogorov }) => ({ n, gap, kolmogorov })),
          ]),
        ),
      },
      argument: {
        title: "What follows",
        blocks: [
          paragraph(text),
          ...(about.figure === undefined ? [] : [paragraph(`Picture: ${about.figure}`)]),
        ],
        facts: { text, ...(about.figure !== undefined && { figure: about.figure }) },
      },
    },
  };
}

const distances = (
  sums: NoiseArgument["sums"],
  name: string,
  distance: (sum: SumOfDisturbances) => number,
): Block => ({
  kind: "table",
  head: [name, ...COUNTS.map((n) => `n = ${n}`)],
  rows: sums.map(({ kind, sums }) => [
    kind,
    ...sums.map((sum) => setting(Number(distance(sum).toPrecision(3)))),
  ]),
});

/** Nats per value that hardly matter. */
const NEAR = 0.01;

function argument(
  { gapPerValue, gapPerImage, excessKurtosis }: ResidualNoise,
  own: readonly SumOfDisturbances[],
) {
  const many = own.at(-1)!;
  const tails =
    excessKurtosis > 0.5
      ? "they are more peaked, with heavier tails"
      : excessKurtosis < -0.5
        ? "they are flatter, with lighter tails"
        : "their fourth moment is nearly the Gaussian's";
  const price = `${nats(gapPerValue, 4)} nats per value, ${nats(gapPerImage)} per image`;
  return (
    "Squared error is the negative log-likelihood of Gaussian noise, and there are two reasons to assume that. Noise that is " +
    "the sum of many small independent things is close to a Gaussian whatever each of them is. And where only the variance is " +
    "known, the Gaussian is the density that assumes nothing else: it has the most entropy, so it codes every noise of that " +
    "variance at the same price. " +
    (gapPerValue < NEAR
      ? `Here the residuals are nearly that: against a density of their own shape the Gaussian costs ${price}, and MSE ` +
        "is what maximum likelihood asks for."
      : `Neither is a fact about these images. Their residuals are no such sum: ${tails}, and the Gaussian costs ${price}, ` +
        `against a density of their own shape; the sum of ${many.n} of them would cost ${number(many.gap)}. A likelihood with another ` +
        "shape, or with a scale for each value, wins part of that back; MSE still finds the mean E[x|·] without it, as that " +
        "needs no shape at all.")
  );
}
