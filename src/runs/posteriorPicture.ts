import type { ExactComparison } from "../evaluation/exactLinear.ts";
import type { WeightPair } from "../evaluation/weightPair.ts";
import type { Drawing } from "../figures/charts/drawing.ts";
import { posteriorChart } from "../figures/charts/posteriorChart.ts";
import { readMetrics } from "./metricsLog.ts";
import type { RunFolder } from "./runFolder.ts";

/** −N (distortion + rate) of each epoch, as training has seen it: the bound at β = 1, whatever β was. */
export function boundOverEpochs(folder: RunFolder, rows: number): [epoch: number, elbo: number][] {
  return readMetrics(folder)
    .filter(({ event, split }) => event === "epoch" && split === "train")
    .map((row) => [row.epoch, -rows * (Number(row["distortion"]) + Number(row["rate"]))]);
}

/** The posterior of two weights, and the bound over epochs. */
export function posteriorPicture(
  folder: RunFolder,
  { rows, logEvidence, gap, meanFieldGap }: ExactComparison,
  pair: WeightPair,
  dataset: string,
): Drawing {
  return posteriorChart(
    pair,
    { epochs: boundOverEpochs(folder, rows), logEvidence, bestMeanField: logEvidence - meanFieldGap },
    {
      title: `${dataset}: q(w) and the exact posterior`,
      subtitle:
        `log p(D) = ${logEvidence.toFixed(2)} nats of ${rows} rows, KL(q ‖ p(w|D)) = ${gap.toFixed(3)}, at best ${meanFieldGap.toFixed(3)} if independent`.replaceAll(
          "-",
          "−",
        ),
    },
  );
}
