import { extname } from "node:path";
import { Command } from "commander";
import { counted } from "../base/counted.ts";
import { VaeError } from "../base/errors.ts";
import {
  addLatentOptions,
  densitiesOf,
  encodingsOf,
  examplesOf,
  type LatentOptions,
  openLatentRun,
} from "./latentRun.ts";
import { describeRun, result, tell } from "./shared.ts";

export function encodeCommand(): Command {
  const command = new Command("encode")
    .description(
      "The latents of images: means and log-variances of q(z|x), with the classes where they are known, as numbers for another " +
        "program. Of a split, or of your own images.",
    )
    .argument("<run>", "a run folder, of a model with a latent z")
    .argument(
      "[input]",
      "split:places, such as test:0-7; an image; or an .npz with x (default: the whole split)",
    )
    .addHelpText(
      "after",
      "\nExamples:\n" +
        "  vae encode runs/digits-gaussian                          the test split\n" +
        "  vae encode runs/digits-gaussian --split train -o train.csv\n" +
        "  vae encode runs/digits-gaussian mine.npz -o mine.safetensors\n" +
        "  python -c \"import numpy; print(numpy.load('runs/digits-gaussian/latents/test.npz')['mean'].shape)\"\n" +
        "\nArrays: mean and log_var, [count, latentDim], and labels, [count]; of a conditional run y too, which decoding needs\n" +
        "(of a .csv it is left out). A posterior that is a flow has no variance in closed form, and no log_var; its mean is where\n" +
        "the mean of what it starts from goes. Random pixels, such as binary-dynamic, are drawn by the place among the images.\n" +
        "`vae decode` takes the .npz back.",
    );
  return addLatentOptions(
    command,
    "an .npz, a .csv or a .safetensors (default: latents/<split>.npz in the run, or latents/input.npz)",
  ).action(async (path: string, input: string | undefined, options: LatentOptions) => {
    const run = await openLatentRun(path, options);
    const { latentFormats, latentArrays } = await import("../runs/latentFiles.ts");
    const { labelFieldOf } = await import("../runs/given.ts");
    const { writeFileAtomic } = await import("../base/atomicFile.ts");
    const { split, checkpoint } = options;
    const file = options.output ?? run.folder.latents(input === undefined ? split : "input");
    const format = latentFormats[extname(file).slice(1)];
    if (!format) {
      const accepted = Object.keys(latentFormats).map((name) => `.${name}`);
      throw new VaeError("usage", `-o ${file}: accepted are names that end in ${accepted.join(", ")}.`);
    }
    const { observations, told } = await examplesOf(run, input, options);
    const { set } = observations;
    const encodings = await encodingsOf(run, set);
    const { prior, posterior } = densitiesOf(run);
    const about = { run: path, checkpoint, epoch: `${run.epoch}`, of: told, prior, posterior };
    const encoded = { encodings, set, given: run.model.given, label: labelFieldOf(run), about };
    await writeFileAtomic(file, format(encoded));
    const { count, latentDim } = encodings;
    if (options.json) {
      const arrays = Object.fromEntries(
        Object.entries(latentArrays(encoded)).map(([name, { shape }]) => [name, shape]),
      );
      result(JSON.stringify({ file, count, latentDim, arrays, given: told, prior, posterior, checkpoint }));
    } else {
      const has = encodings.logVar ? "means and log-variances" : "means (a flow has no log-variances)";
      tell(
        `${file}: ${has} of z, ${counted(latentDim, "dimension")}, for each of ${counted(count, "image")}, ${told}, by ${describeRun(run, checkpoint)}`,
      );
    }
  });
}
