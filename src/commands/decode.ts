import { extname } from "node:path";
import { Command } from "commander";
import { VaeError } from "../base/errors.ts";
import type { PixelMode } from "../evaluation/pictures.ts";
import { openLatentRun } from "./latentRun.ts";
import {
  addRunOptions,
  describeRun,
  integerFrom,
  jsonOption,
  pixelsOption,
  type RunOptions,
  result,
  tell,
} from "./shared.ts";

interface Options extends RunOptions {
  number: number;
  seed: number;
  output?: string;
  pixels: PixelMode;
  json?: boolean;
}

export function decodeCommand(): Command {
  const command = new Command("decode")
    .description(
      "Images of latents that `vae encode` has written, or of your own: a labelled picture, or numbers.",
    )
    .argument("<run>", "a run folder, of a model with a latent z")
    .argument(
      "<latents>",
      "an .npz with z or mean, [count, latentDim], or an .npy; of a conditional run an .npz with y too",
    )
    .option("-o, --output <file>", "a .png or an .npz (default: figures/decoded.png in the run)")
    .option("-n, --number <count>", "how many a .png shows; an .npz has all", integerFrom(1, 1000), 100)
    .option("--seed <seed>", "of --pixels draw: the same seed draws the same noise", integerFrom(0), 0)
    .addOption(pixelsOption())
    .addOption(jsonOption())
    .addHelpText(
      "after",
      "\nExamples:\n" +
        "  vae encode runs/digits-gaussian\n" +
        "  vae decode runs/digits-gaussian runs/digits-gaussian/latents/test.npz\n" +
        "  vae decode runs/digits-gaussian edited.npz -o edited-images.npz\n" +
        "\nThe .npz that is written has x, [count, height, width, channels]: the mean of p(x|z), or a draw from it, in the units of\n" +
        "the model, pixels 0 to 1.",
    );
  return addRunOptions(command).action(async (path: string, latents: string, options: Options) => {
    const run = await openLatentRun(path, options);
    const { readLatents } = await import("../runs/latentFiles.ts");
    const { decodeAll } = await import("../evaluation/decoding.ts");
    const { writeFileAtomic } = await import("../base/atomicFile.ts");
    const { writeFigure } = await import("../figures/figures.ts");
    const { RandomStream } = await import("../tensors/random.ts");
    const { model } = run;
    const file = options.output ?? run.folder.figure("decoded");
    const format = extname(file);
    if (format !== ".png" && format !== ".npz")
      throw new VaeError("usage", `-o ${file}: accepted are names that end in .png or .npz.`);
    const { pixels, seed, checkpoint } = options;
    const { count, z, given } = await readLatents(latents, model);
    const shown = format === ".npz" ? count : Math.min(options.number, count);
    const random = new RandomStream(seed).fork("decode");
    const images = await decodeAll(model, z.subarray(0, shown * model.latentDim), { pixels, random }, given);
    if (format === ".npz") {
      const { imagesNpz } = await import("../runs/latentFiles.ts");
      await writeFileAtomic(file, imagesNpz(model, images));
    } else {
      const { decodedFigure } = await import("../figures/latentGrids.ts");
      const { titleOf } = await import("../runs/title.ts");
      const about = { title: titleOf(run.config, run.config.dataset.name), pixels, count };
      await writeFigure(file, decodedFigure(model, images, about));
    }
    if (options.json) result(JSON.stringify({ file, count, shown, pixels, seed, checkpoint }));
    else
      tell(
        `${file}: ${shown < count ? `the first ${shown} of ${count}` : count} images (${pixels}) of ${latents} by ${describeRun(run, checkpoint)}`,
      );
  });
}
