// Draws docs/figures/tradeoff.png: what β trades, from finished runs that differ in β alone.
//   for b in 0 1 100; do vae train --likelihood bernoulli --beta $b --out runs/tradeoff-$b; done
//   node scripts/tradeoff.js runs/tradeoff-0 runs/tradeoff-1 runs/tradeoff-100
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { renderChart } from "../dist/figures/charts/renderChart.js";
import { reconstructionsPng, samplesPng } from "../dist/figures/figures.js";
import { openRun, readDataset } from "../dist/runs/experiment.js";
import { RandomStream } from "../dist/tensors/random.js";

const [WIDTH, MARGIN, GAP, HEAD, LABEL] = [1040, 24, 28, 84, 24]; // CSS pixels
const runs = process.argv.slice(2);
const column = (WIDTH - 2 * MARGIN - (runs.length - 1) * GAP) / runs.length;
const NAMES = new Map([
  [0, "β = 0: an autoencoder"],
  [1, "β = 1: the evidence lower bound"],
  [100, "β = 100: collapsed"],
]);

const text = (left, top, string, style) => ({
  type: "text",
  left,
  top,
  style: { text: string, fontSize: 13, fill: "#666666", ...style },
});
const picture = (left, top, png) => {
  const [width, height] = [png.readUInt32BE(16), png.readUInt32BE(20)];
  const scaled = (column * height) / width;
  const image = `data:image/png;base64,${png.toString("base64")}`;
  return {
    element: { type: "image", left, top, style: { image, width: column, height: scaled } },
    bottom: top + scaled,
  };
};

const elements = [];
let bottom = 0;
for (const [i, path] of runs.entries()) {
  const run = await openRun(path, { checkpoint: "last" });
  const dataset = await readDataset(run.config, { onProgress() {} });
  const { splits, beta } = JSON.parse(readFileSync(join(path, "summary.json"), "utf8"));
  const left = MARGIN + i * (column + GAP);
  const numbers = `distortion ${splits.test.distortion.toFixed(1)}, rate ${splits.test.rate.toFixed(1)} nats`;
  elements.push(
    text(left, 20, NAMES.get(beta) ?? `β = ${beta}`, { fontSize: 17, fontWeight: "bold", fill: "#222222" }),
  );
  elements.push(
    text(left, 46, numbers, {}),
    text(left, HEAD - 14, "test images, and below each its reconstruction", {}),
  );
  const pairs = picture(
    left,
    HEAD + LABEL - 16,
    await reconstructionsPng(run.vae, dataset.test, run.coding, 20),
  );
  elements.push(pairs.element, text(left, pairs.bottom + 12, "draws from the prior", {}));
  const samples = picture(
    left,
    pairs.bottom + 12 + LABEL,
    await samplesPng(run.vae, 49, new RandomStream("tradeoff")),
  );
  elements.push(samples.element);
  bottom = Math.max(bottom, samples.bottom);
}
const file = join(import.meta.dirname, "..", "docs", "figures", "tradeoff.png");
writeFileSync(
  file,
  await renderChart({ graphic: elements }, { width: WIDTH, height: bottom + MARGIN, scale: 1.5 }),
);
console.log(file);
