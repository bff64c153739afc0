import { Command } from "commander";
import type { PixelMode } from "../evaluation/pictures.ts";
import type { OpenedRun } from "../runs/experiment.ts";
import { readGiven } from "./given.ts";
import {
  addRunOptions,
  datasetChangedOption,
  describeRun,
  integerFrom,
  jsonOption,
  openRun,
  pixelsOption,
  type RunOptions,
  result,
} from "./shared.ts";

interface Options extends RunOptions {
  given?: string;
  number?: number;
  seed: number;
  output?: string;
  pixels: PixelMode;
  datasetChanged?: "accept";
  json?: boolean;
}

export function sampleCommand(): Command {
  const command = new Command("sample")
    .description(
      "Draw images from the prior: z ~ p(z), then the decoder. Of a run with a condition, images that some y leave possible: y, " +
        "the truth where it is known, the mean of p(x|y), and draws. Writes a PNG grid.",
    )
    .argument("<run>", "a run folder")
    .option(
      "-n, --number <count>",
      "how many images (default: 64); with a condition how many draws for each y (default: 8)",
      integerFrom(1, 100_000),
    )
    .option(
      "--given <what>",
      "with a condition, which y: examples of a split such as test:0-7, classes such as 3,7, or a PNG or .npz file of y, or of " +
        "x from which y is made (default: test:0-7, or every class)",
    )
    .option("--seed <seed>", "the same seed draws the same images", integerFrom(0), 0)
    .option("-o, --output <file>", "where to write (default: figures/samples-seed<seed>.png in the run)")
    .addOption(pixelsOption())
    .addOption(datasetChangedOption())
    .addOption(jsonOption())
    .addHelpText(
      "after",
      "\nExamples:\n" +
        "  vae sample runs/digits-gaussian\n" +
        "  vae sample runs/digits-gaussian -n 100 --seed 7 -o seven.png\n" +
        "  vae sample runs/digits-gaussian --pixels draw    with the noise that the likelihood assumes\n" +
        "  vae sample runs/super-resolution --given test:0-7 -n 8\n" +
        "  vae sample runs/by-class --given 3,7",
    );
  return addRunOptions(command).action(async (path: string, options: Options) => {
    const { samplesPng } = await import("../figures/figures.ts");
    const { writeFileAtomic } = await import("../base/atomicFile.ts");
    const { RandomStream } = await import("../tensors/random.ts");
    const run = await openRun(path, options);
    if (run.model.given || options.given !== undefined) return sampleGiven(run, options);
    const { number = 64 } = options;
    const random = new RandomStream(options.seed).fork("sample");
    const file = options.output ?? run.folder.figure(`samples-seed${options.seed}`);
    await writeFileAtomic(file, await samplesPng(run.model, number, random, options.pixels));
    if (options.json) {
      result(JSON.stringify({ file, count: number, seed: options.seed, pixels: options.pixels }));
    } else {
      result(`${file}: ${number} samples (${options.pixels}) from ${describeRun(run, options.checkpoint)}`);
    }
  });
}

/** Of a run with a condition. */
async function sampleGiven(run: OpenedRun, options: Options): Promise<void> {
  const { drawConditionals } = await import("../evaluation/conditionals.ts");
  const { conditionalGrid } = await import("../figures/conditionalGrid.ts");
  const { hasLatents } = await import("../model/vae.ts");
  const { drawsOf } = await import("../evaluation/predictive.ts");
  const { writeFileAtomic } = await import("../base/atomicFile.ts");
  const { RandomStream } = await import("../tensors/random.ts");
  const { seed, pixels, number: draws = 8 } = options;
  const { examples, labels } = await readGiven(run, options.given, options.datasetChanged);
  const random = new RandomStream(seed).fork("sample");
  const drawn = await drawConditionals(run.model, examples, { draws, random, pixels });
  const file = options.output ?? run.folder.figure(`samples-given-seed${seed}`);
  const title = `What y leaves possible: ${run.folder.path}`;
  const subtitle = hasLatents(run.model)
    ? `mean over ${drawsOf(run.model)} z ~ p(z|y); each draw ${pixels === "mean" ? "the mean of p(x|z, y) of another z" : "one of p(x|z, y) with its noise"}`
    : `no latent: ${pixels === "mean" ? "the mean of p(x|y) is all there is but noise (--pixels draw)" : "draws are the mean with the noise that the likelihood assumes"}`;
  await writeFileAtomic(file, await conditionalGrid(run.model, examples, drawn, { title, subtitle, labels }));
  if (options.json) {
    result(JSON.stringify({ file, given: labels, draws: drawn.draws.length, seed, pixels }));
  } else {
    result(
      `${file}: ${labels.length} y, ${drawn.draws.length} draws of each (${pixels}) from ${describeRun(run, options.checkpoint)}`,
    );
  }
}
