import { isExact } from "../evaluation/summary.ts";
import type { TableSummary } from "../evaluation/tableScores.ts";
import type { RunSummary } from "../runs/summary.ts";
import { formatBits, formatError, formatNats, formatNumber, formatShare, isAtFloor } from "./format.ts";
import { activeText } from "./latentText.ts";

/** The paragraph at the end of a run: the result, and where its pictures are. */
export function summaryText(summary: RunSummary): string {
  return summary.predictions
    ? tableSummaryText(summary, summary.predictions.test)
    : imageSummaryText(summary);
}

function tableSummaryText(
  { run, reason, epochs, checkpoint, baseMeasure, sigma }: RunSummary,
  test: TableSummary,
): string {
  const stopped = reason === "early-stopping" ? " (stopped early)" : "";
  const { logLikelihood, logLikelihoodStandardError } = test;
  const how = test.draws === 1 ? "of one network" : `of ${test.draws} draws of the weights`;
  const quality =
    test.kind === "regression"
      ? `RMSE ${formatNumber(test.rmse)}, intervals of 90 % hold ${formatShare(test.coverage.find(({ nominal }) => nominal === 0.9)!.observed)}`
      : `accuracy ${formatShare(test.accuracy)}, calibration error ${test.expectedCalibrationError.toFixed(3)}`;
  return (
    `${run}: ${epochs} epochs${stopped}, best after epoch ${checkpoint.epoch}. Test log p(y|x) ${logLikelihood.toFixed(3)}` +
    `${formatError(logLikelihoodStandardError, 3)} nats per row ${how} (${baseMeasure}), ${quality}` +
    `${sigma === undefined ? "" : `, sigma ${formatNumber(sigma)}`}. ` +
    `Look at figures/predictions.png and figures/loss.png in ${run}; metrics.csv and summary.json hold the numbers, ` +
    "checkpoints/best.safetensors the weights."
  );
}

function imageSummaryText({
  run,
  reason,
  epochs,
  checkpoint,
  sigma,
  latents,
  baseMeasure,
  splits,
}: RunSummary): string {
  const stopped = reason === "early-stopping" ? " (stopped early)" : "";
  const { test } = splits;
  const distortion = formatNats(test.distortion);
  const rate = formatNats(test.rate);
  const ofLoss = formatError(test.distortionStandardError);
  const ofElbo = formatError(test.elboStandardError);
  const { bitsPerDim, bitsPerDimStandardError, levels256, scaleAtFloor } = test;
  const bound = isExact(test)
    ? `NLL ${distortion}${ofElbo} nats per image, -log p(x|y), exact`
    : `-ELBO ${formatNats(Number(distortion) + Number(rate))}${ofElbo} nats per image = distortion ${distortion} + rate ${rate}`;
  const numbers =
    bitsPerDim === undefined
      ? `Test loss ${distortion}${ofLoss}${test.rate === 0 ? " per image" : ` and rate ${rate} nats per image`}; a loss and no likelihood, so no ELBO`
      : `Test ${bound}, ` +
        `${formatBits(bitsPerDim, bitsPerDimStandardError)} bits/dim (${baseMeasure})` +
        `${levels256 ? `, ${formatBits(levels256.bitsPerDim, levels256.bitsPerDimStandardError)} of the bytes (${(levels256.levels ?? 256).toLocaleString("en-US")} levels)` : ""}`;
  return (
    `${run}: ${epochs} epochs${stopped}, best on validation after epoch ${checkpoint.epoch}. ` +
    `${numbers}` +
    `${sigma === undefined ? "" : `, sigma ${formatNumber(sigma)}`}` +
    `${isAtFloor(scaleAtFloor) ? `; ${formatShare(scaleAtFloor)} of the scales are at their lower bound, which then decides and not the data` : ""}. ` +
    `${latents ? `${activeText(latents)} ` : ""}` +
    `Look at figures/samples.png${latents ? ", figures/reconstructions.png" : ""} and figures/loss.png in ${run}; ` +
    `metrics.csv and summary.json hold the numbers, checkpoints/best.safetensors the weights.`
  );
}
