import type { Prediction, Quality } from "../evaluation/predictive.ts";
import { formatCount, formatNumber, formatShare } from "./format.ts";
import { markdownTable } from "./markdownTable.ts";

/** How well x is predicted from y, the model beside the classical method and another run. */
export function predictionLines(
  prediction: Prediction,
  against?: { readonly name: string; readonly prediction: Prediction },
): string[] {
  const { images, draws, baseline, coverage, coveredImages, diversity, truthConsistency } = prediction;
  const of = draws === 1 ? "" : `, the mean over ${draws} z of each`;
  const methods: [name: string, quality: Quality][] = [
    ["mean of p(x|y)", prediction.model],
    ...(against ? [[against.name, against.prediction.model] as [string, Quality]] : []),
    ...(baseline ? [[baseline.name, baseline] as [string, Quality]] : []),
  ];
  const isLinear = prediction.model.consistency !== undefined;
  return [
    `prediction of x from y on ${formatCount(images)} images${of}`,
    ...markdownTable(
      ["estimate of x", "RMSE", "PSNR, dB", "SSIM", ...(isLinear ? ["|A x − y|"] : [])],
      methods.map(([name, quality]) => [name, ...cells(quality)]),
      1,
    ).split("\n"),
    ...(truthConsistency === undefined
      ? []
      : [
          `  |A x − y| is the root mean square over the values of y; of the truth it is ${formatNumber(truthConsistency)}, the noise in y`,
        ]),
    ...(coverage
      ? [
          `  intervals   the central ones of p(x|y) hold ${coverage
            .map(({ nominal, observed }) => `${formatShare(observed)} (${100 * nominal} %)`)
            .join(", ")} of the values of ${coveredImages} images`,
        ]
      : []),
    ...(draws === 1
      ? []
      : [
          `  diversity   ${formatNumber(diversity)}, the deviation between the means of different z (root mean square)`,
        ]),
  ];
}

const cells = ({
  rmse,
  psnr,
  psnrStandardError,
  ssim,
  ssimStandardError,
  consistency,
}: Quality): string[] => [
  rmse.toFixed(4),
  `${psnr.toFixed(2)} ± ${psnrStandardError.toFixed(2)}`,
  `${ssim.toFixed(3)} ± ${ssimStandardError.toFixed(3)}`,
  ...(consistency === undefined ? [] : [formatNumber(consistency)]),
];
