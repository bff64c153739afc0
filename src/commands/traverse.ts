import { Command } from "commander";
import {
  addLatentOptions,
  baseOf,
  decodedAt,
  type LatentOptions,
  openLatentRun,
  PRIOR,
  scaleOf,
  unitsOf,
  unitText,
} from "./latentRun.ts";
import { describeRun, integerFrom, positiveNumber, result, tell } from "./shared.ts";

interface Options extends LatentOptions {
  number: number;
  steps: number;
  range: number;
}

export function traverseCommand(): Command {
  const command = new Command("traverse")
    .description(
      "What each dimension of z does: one is moved, the others stay where an image has them. Writes a labelled PNG, a row for each " +
        "active dimension, those first that tell most of the image.",
    )
    .argument("<run>", "a run folder, of a model with a latent z")
    .argument(
      "[input]",
      `the image to start from: split:place, such as test:3, an image file or an .npz with one x; or ${PRIOR}, the mean of ` +
        "p(z) (default: the first of the split)",
    )
    .option("-n, --number <count>", "dimensions at most", integerFrom(1, 64), 10)
    .option("--steps <count>", "images of each", integerFrom(2, 25), 13)
    .option("--range <sigmas>", "how far to both sides, in standard deviations", positiveNumber, 3)
    .addHelpText(
      "after",
      "\nExamples:\n" +
        "  vae traverse runs/digits-gaussian\n" +
        "  vae traverse runs/digits-gaussian test:7 -n 20 --range 2 -o seven.png\n" +
        "  vae traverse runs/digits-gaussian prior\n" +
        "\nA dimension is active where its KL, the nats that it tells of an image, is above 0.1, and the order is by that KL over\n" +
        "the first 2,000 images of the split. σ is 1, the prior's. Under a prior other than N(0, I), of which a dimension has no\n" +
        "KL of its own, the order is by Var E[z|x], and the middle and σ are mean and deviation of z over the images.",
    );
  return addLatentOptions(command, "where to write (default: figures/traversal.png in the run)").action(
    async (path: string, input: string | undefined, options: Options) => {
      const run = await openLatentRun(path, options);
      const { evenly } = await import("../evaluation/latentSpace.ts");
      const { traversalFigure } = await import("../figures/latentGrids.ts");
      const { writeFigure } = await import("../figures/figures.ts");
      const { titleOf } = await import("../runs/title.ts");
      const { units, told } = await unitsOf(run, options);
      const base = await baseOf(run, input ?? `${options.split}:0`, options);
      const active = units.filter((unit) => unit.active);
      const shown = (active.length > 0 ? active : units).slice(0, options.number);
      const steps = evenly(options.steps, options.range);
      const rows = [];
      for (const unit of shown) {
        const places = steps.map((step) => [[unit.unit, unit.mean + step * unit.deviation]] as const);
        rows.push({ label: unitText(unit), images: await decodedAt(run, base, places) });
      }
      const { x } = base;
      const example = x && ([x, await decodedAt(run, base, [[]])] as const);
      const by = shown[0]?.kl === undefined ? "Var E[z|x]" : "KL in nats";
      const subtitle = [
        `${active.length === 0 ? `none of ${units.length} dimensions is active` : `${shown.length} of ${active.length} active dimensions (${units.length} in all)`}, by ${by} over ${told}`,
        `the others at ${x ? `E[z|x] of ${base.told}` : base.told}`,
        scaleOf(run),
      ].join("  ·  ");
      const file = options.output ?? run.folder.figure("traversal");
      const title = titleOf(run.config, run.config.dataset.name);
      await writeFigure(file, await traversalFigure(run.model, rows, { title, subtitle, steps, example }));
      const { checkpoint } = options;
      if (options.json)
        result(
          JSON.stringify({ file, units: shown, active: active.length, steps, base: base.told, checkpoint }),
        );
      else
        tell(
          `${file}: ${shown.length} of ${active.length} active dimensions, ±${options.range}σ from ${base.told}, by ${describeRun(run, checkpoint)}`,
        );
    },
  );
}
