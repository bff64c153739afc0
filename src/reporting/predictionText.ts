import type { ClassOfDraws } from "../evaluation/classOfDraws.ts";
import type { Quality } from "../evaluation/predictive.ts";
import type { Estimate } from "../evaluation/statistics.ts";
import type { Against, Predictions } from "../runs/predictions.ts";
import { formatCount, formatNumber, formatShare } from "./format.ts";
import { markdownTable } from "./markdownTable.ts";

/** How well x is predicted from y: the model beside the classical method and another run. */
export function predictionLines({ prediction, against, classOfDraws }: Predictions): string[] {
  const { images, draws, baseline, coverage, coveredImages, diversity, truthConsistency } = prediction;
  const of = draws === 1 ? "" : `, each the mean over ${draws} z`;
  const isLinear = prediction.model.consistency !== undefined;
  const methods: [name: string, quality: Quality][] = [
    ["mean of p(x|y)", prediction.model],
    ...(against ? [[against.run, against.prediction.model] as [string, Quality]] : []),
    ...(baseline ? [[baseline.name, baseline] as [string, Quality]] : []),
  ];
  const head = ["estimate of x", "RMSE", "PSNR, dB", "SSIM", ...(isLinear ? ["|A x - y|"] : [])];
  const rows = methods.map(([name, quality]) => [name, ...cells(quality, isLinear)]);
  return [
    `prediction of x from y on ${formatCount(images)} images${of}`,
    ...markdownTable(head, rows, 1)
      .split("\n")
      .map((line) => `  ${line}`),
    ...(truthConsistency === undefined
      ? []
      : [
          line(
            "|A x - y|",
            `is a root mean square over y; of the truth it is ${formatNumber(truthConsistency)}, the noise in y`,
          ),
        ]),
    ...(coverage
      ? [
          line(
            "intervals",
            `the central ones of p(x|y) hold ${coverage
              .map(({ nominal, observed }) => `${formatShare(observed)} (${100 * nominal} %)`)
              .join(", ")} of the values of ${coveredImages} images`,
          ),
        ]
      : []),
    ...(draws === 1
      ? []
      : [line("diversity", `${formatNumber(diversity)} is the deviation between the means of different z`)]),
    ...(classOfDraws ? classLines(classOfDraws) : []),
    ...(against ? againstLines(against) : []),
  ];
}

const cells = (quality: Quality, isLinear: boolean): string[] => [
  quality.rmse.toFixed(4),
  `${quality.psnr.toFixed(2)} ± ${quality.psnrStandardError.toFixed(2)}`,
  `${quality.ssim.toFixed(3)} ± ${quality.ssimStandardError.toFixed(3)}`,
  ...(isLinear ? [quality.consistency === undefined ? "" : formatNumber(quality.consistency)] : []),
];

const line = (name: string, text: string) => `  ${name.padEnd(11)} ${text}`;

function classLines({ draws, images, perClass, fittedImages }: ClassOfDraws): string[] {
  const told = ({ accuracy, standardError }: ClassOfDraws["draws"]) =>
    `${formatShare(accuracy)} ± ${(100 * standardError).toFixed(1)}`;
  return [
    line(
      "classes",
      `${told(draws)} of ${perClass} draws of each class are of it, by the nearest of ${formatCount(fittedImages)} training images ` +
        `(which find ${told(images)} of real ones)`,
    ),
  ];
}

function againstLines({ run, squaredError, minusElbo }: Against): string[] {
  return [
    line("against", `${run}, image by image`),
    line("  error", `mean squared error ${verdict(squaredError, (value) => value.toExponential(2))}`),
    line(
      "  -ELBO",
      "notComparable" in minusElbo
        ? `not compared: ${minusElbo.notComparable}`
        : `${verdict(minusElbo, (value) => value.toFixed(2))} nats per image`,
    ),
  ];
}

/** Two numbers are told apart where they differ by more than twice the error of the difference. */
function verdict({ mean, standardError }: Estimate, format: (value: number) => string): string {
  const difference = `${format(Math.abs(mean))} ± ${format(standardError)}`;
  if (Math.abs(mean) <= 2 * standardError) return `not told apart, ${difference} between them,`;
  return `${mean < 0 ? "lower" : "higher"} by ${difference}`;
}
