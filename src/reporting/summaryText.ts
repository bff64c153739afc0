import type { RunSummary } from "../runs/summary.ts";
import { formatNats, formatNumber, formatShare, isAtFloor } from "./format.ts";
import { activeText } from "./latentText.ts";

/** The paragraph at the end of a run: the result, and where its pictures are. */
export function summaryText({
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
  const distortion = formatNats(splits.test.distortion);
  const rate = formatNats(splits.test.rate);
  const { bitsPerDim, levels256, scaleAtFloor } = splits.test;
  const numbers =
    bitsPerDim === undefined
      ? `Test loss ${distortion} and rate ${rate} nats per image; a loss and no likelihood, so no ELBO`
      : `Test -ELBO ${formatNats(Number(distortion) + Number(rate))} nats per image = distortion ${distortion} + rate ${rate}, ` +
        `${bitsPerDim.toFixed(4)} bits/dim (${baseMeasure})` +
        `${levels256 ? `, ${levels256.bitsPerDim.toFixed(4)} of the bytes (256 levels)` : ""}`;
  return (
    `${run}: ${epochs} epochs${stopped}, best on validation after epoch ${checkpoint.epoch}. ` +
    `${numbers}` +
    `${sigma === undefined ? "" : `, sigma ${formatNumber(sigma)}`}` +
    `${isAtFloor(scaleAtFloor) ? `; ${formatShare(scaleAtFloor)} of the scales are at their lower bound, which then decides and not the data` : ""}. ` +
    `${latents ? `${activeText(latents)} ` : ""}` +
    `Look at figures/samples.png, figures/reconstructions.png and figures/loss.png in ${run}; ` +
    `metrics.csv and summary.json hold the numbers, checkpoints/best.safetensors the weights.`
  );
}
