import { counted } from "../base/counted.ts";
import type { TableSummary } from "../evaluation/tableScores.ts";
import type { RunSummary } from "../runs/summary.ts";
import { formatError, formatNumber, formatShare } from "./format.ts";
import { activeText } from "./latentText.ts";
import { splitLines } from "./splitText.ts";

/** The end of a run: its result on the test split as a small table, and where its pictures are. */
export function summaryText(summary: RunSummary): string {
  const { run, reason, epochs, checkpoint, predictions, latents } = summary;
  const stopped = reason === "early-stopping" ? " (stopped early)" : "";
  const pictures = predictions
    ? ["predictions.png", "loss.png"]
    : ["samples.png", ...(latents ? ["reconstructions.png"] : []), "loss.png"];
  return [
    `${run}: ${counted(epochs, "epoch")}${stopped}, best on validation after epoch ${checkpoint.epoch}`,
    ...(predictions ? rowLines(summary, predictions.test) : imageLines(summary)),
    line("pictures", `${pictures.join(", ")} in ${run}/figures`),
  ].join("\n");
}

const line = (name: string, text: string) => `  ${name.padEnd(11)} ${text}`;

function rowLines({ baseMeasure, sigma }: RunSummary, test: TableSummary): string[] {
  const { logLikelihood, logLikelihoodStandardError: error } = test;
  const how = test.draws === 1 ? "one network" : `${counted(test.draws, "draw")} of the weights`;
  return [
    line("test", `${counted(test.rows, "row")}, ${how}`),
    line("log p(y|x)", `${logLikelihood.toFixed(3)}${formatError(error, 3)} nats per row (${baseMeasure})`),
    ...(test.kind === "regression"
      ? [
          line("RMSE", formatNumber(test.rmse)),
          line(
            "intervals",
            `those of 90 % hold ${formatShare(test.coverage.find(({ nominal }) => nominal === 0.9)!.observed)}`,
          ),
        ]
      : [
          line("accuracy", formatShare(test.accuracy)),
          line(
            "calibration",
            `confidence and accuracy differ by ${test.expectedCalibrationError.toFixed(3)}`,
          ),
        ]),
    ...(sigma === undefined ? [] : [line("sigma", formatNumber(sigma))]),
  ];
}

function imageLines({ baseMeasure, sigma, latents, pixels, splits: { test } }: RunSummary): string[] {
  return [
    line("test", counted(test.count, "image")),
    ...splitLines(test, { baseMeasure, pixels }),
    ...(sigma === undefined ? [] : [line("sigma", formatNumber(sigma).padStart(10))]),
    ...(latents ? [line("latents", activeText(latents))] : []),
  ];
}
