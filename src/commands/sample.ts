import { Command } from "commander";
import type { PixelMode } from "../evaluation/pictures.ts";
import {
  addRunOptions,
  describeRun,
  integerFrom,
  jsonOption,
  openRun,
  pixelsOption,
  type RunOptions,
  result,
} from "./shared.ts";

interface Options extends RunOptions {
  number: number;
  seed: number;
  output?: string;
  pixels: PixelMode;
  json?: boolean;
}

export function sampleCommand(): Command {
  const command = new Command("sample")
    .description("Draw images from the prior: z ~ p(z), then the decoder. Writes a PNG grid.")
    .argument("<run>", "a run folder")
    .option("-n, --number <count>", "how many images", integerFrom(1, 100_000), 64)
    .option("--seed <seed>", "the same seed draws the same images", integerFrom(0), 0)
    .option("-o, --output <file>", "where to write (default: figures/samples-seed<seed>.png in the run)")
    .addOption(pixelsOption())
    .addOption(jsonOption())
    .addHelpText(
      "after",
      "\nExamples:\n" +
        "  vae sample runs/digits-gaussian\n" +
        "  vae sample runs/digits-gaussian -n 100 --seed 7 -o seven.png\n" +
        "  vae sample runs/digits-gaussian --pixels draw    with the noise that the likelihood assumes",
    );
  return addRunOptions(command).action(async (path: string, options: Options) => {
    const { samplesPng } = await import("../figures/figures.ts");
    const { writeFileAtomic } = await import("../base/atomicFile.ts");
    const { RandomStream } = await import("../tensors/random.ts");
    const run = await openRun(path, options);
    const random = new RandomStream(options.seed).fork("sample");
    const file = options.output ?? run.folder.figure(`samples-seed${options.seed}`);
    await writeFileAtomic(file, await samplesPng(run.model, options.number, random, options.pixels));
    if (options.json) {
      result(JSON.stringify({ file, count: options.number, seed: options.seed, pixels: options.pixels }));
    } else {
      result(
        `${file}: ${options.number} samples (${options.pixels}) from ${describeRun(run, options.checkpoint)}`,
      );
    }
  });
}
