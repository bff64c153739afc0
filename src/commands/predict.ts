import { Command } from "commander";
import { VaeError } from "../base/errors.ts";
import { checkRows, givenFrom } from "./given.ts";
import {
  addRunOptions,
  datasetChangedOption,
  describeRun,
  integerFrom,
  jsonOption,
  openRun,
  type RunOptions,
  result,
  tell,
} from "./shared.ts";

interface Options extends RunOptions {
  samples?: number;
  seed: number;
  output?: string;
  datasetChanged?: "accept";
  json?: boolean;
}

export function predictCommand(): Command {
  const command = new Command("predict")
    .description(
      "Predict x from what a conditional run is given: for each y the mean of p(x|y) and for each pixel its standard " +
        "deviation, as a labelled picture, or as numbers in an .npz. Of a Bayesian network: the target of each row of a table, with " +
        "its standard deviation, what of that is noise and what the weights, and intervals, as lines of CSV.",
    )
    .argument("<run>", "a run folder, of a model with a condition or a Bayesian network")
    .argument(
      "<input>",
      "split:places, such as test:0-7; a .png or .npz with y or x; or classes, such as 3,7; or a table, FILE.csv",
    )
    .option(
      "-o, --output <file>",
      "a .png or an .npz (default: figures/predictions.png in the run); of a table a .csv (default: the screen)",
    )
    .option(
      "--samples <count>",
      "draws of z and x for each y (default: 64); of a bnn, draws of the weights (default: 100)",
      integerFrom(2),
    )
    .option("--seed <seed>", "the same seed draws the same z and x", integerFrom(0), 0)
    .addOption(datasetChangedOption())
    .addOption(jsonOption())
    .addHelpText(
      "after",
      "\nExamples:\n" +
        "  vae predict runs/upscaled test:0-7\n" +
        "  vae predict runs/upscaled small.png -o large.png\n" +
        "  vae predict runs/upscaled test:0-999 -o predicted.npz\n" +
        "  vae predict runs/concrete new.csv -o predicted.csv\n" +
        "\nA .png of the size of y is y; one of the size of x is x, of which the condition of the run makes y. An .npz has y, or\n" +
        "x, or both. The .npz that is written has mean and std, [count, height, width, channels] with pixels in [0, 1], and y,\n" +
        "and x where it is known. std is that of draws from p(x|y): what y leaves open and the noise, both. Of 64 draws it is\n" +
        "known to 9 %, of n to 1/√(2n).",
    );
  return addRunOptions(command).action(async (path: string, input: string, options: Options) => {
    const run = await openRun(path, options);
    const { model } = run;
    const { samples = 64 } = options;
    const { isBnn } = await import("../model/bnn.ts");
    if (isBnn(model)) {
      const { predictTable } = await import("./predictTable.ts");
      return predictTable({ ...run, model }, input, options);
    }
    if (!model.given) {
      throw new VaeError(
        "usage",
        `${path} is trained without a condition, and predicts nothing from ${input}. \`vae reconstruct ${path}\` encodes and ` +
          `decodes images, \`vae sample ${path}\` draws new ones.`,
      );
    }
    const file = options.output ?? run.folder.figure("predictions");
    const format = /\.(png|npz)$/.exec(file)?.[1];
    if (!format) throw new VaeError("usage", `-o ${file}: accepted are names that end in .png or .npz.`);
    const { observations, told } = await givenFrom(run, input, options.datasetChanged);
    if (format === "png") checkRows(observations);
    const { predict } = await import("../evaluation/observations.ts");
    const { writeFileAtomic } = await import("../base/atomicFile.ts");
    const { writeFigure } = await import("../figures/figures.ts");
    const { RandomStream } = await import("../tensors/random.ts");
    const random = new RandomStream(options.seed).fork("predict");
    const predictions = await predict(model, observations, samples, random);
    if (format === "npz") {
      const { predictionsNpz } = await import("../runs/given.ts");
      await writeFileAtomic(file, predictionsNpz(model, observations, predictions));
    } else {
      const { predictionsFigure } = await import("../figures/conditionalGrid.ts");
      const { titleOf } = await import("../runs/title.ts");
      const about = { draws: samples, title: titleOf(run.config, run.config.dataset.name) };
      await writeFigure(file, predictionsFigure(model, observations, predictions, about));
    }
    const { count } = observations.set;
    const { seed, checkpoint } = options;
    if (options.json) result(JSON.stringify({ file, count, given: told, samples, seed }));
    else
      tell(
        `${file}: mean and standard deviation of ${samples} draws for each of ${count}, given ${told}, by ${describeRun(run, checkpoint)}`,
      );
  });
}
