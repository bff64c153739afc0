import type { RunSummary } from "../run.ts";
import { formatNats, formatNumber } from "./format.ts";

/** The paragraph at the end of a run: the result, and where its pictures are. */
export function summaryText({
  run,
  reason,
  epochs,
  checkpoint,
  sigma,
  baseMeasure,
  splits,
}: RunSummary): string {
  const stopped = reason === "early-stopping" ? " (stopped early)" : "";
  const distortion = formatNats(splits.test.distortion);
  const rate = formatNats(splits.test.rate);
  const bound = formatNats(Number(distortion) + Number(rate));
  return (
    `${run}: ${epochs} epochs${stopped}, best on validation after epoch ${checkpoint.epoch}. ` +
    `Test -ELBO ${bound} nats per image = distortion ${distortion} + rate ${rate}, ` +
    `${splits.test.bitsPerDim.toFixed(4)} bits/dim (${baseMeasure})` +
    `${sigma === undefined ? "" : `, sigma ${formatNumber(sigma)}`}. ` +
    `Look at figures/samples.png, figures/reconstructions.png and figures/loss.png in ${run}; ` +
    `metrics.csv and summary.json hold the numbers, checkpoints/best.safetensors the weights.`
  );
}
