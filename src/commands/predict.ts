import { Command } from "commander";
import { VaeError } from "../base/errors.ts";
import { readGiven } from "./given.ts";
import {
  addRunOptions,
  datasetChangedOption,
  describeRun,
  jsonOption,
  openRun,
  type RunOptions,
  result,
} from "./shared.ts";

interface Options extends RunOptions {
  output?: string;
  datasetChanged?: "accept";
  json?: boolean;
}

export function predictCommand(): Command {
  const command = new Command("predict")
    .description(
      "Predict x from y, with a run that has a condition: the mean of p(x|y) and its deviation, noise and all. " +
        "Writes a PNG, or the numbers as .npz.",
    )
    .argument("<run>", "a run folder")
    .argument(
      "<input>",
      "y: examples of a split such as test:0-7, classes such as 3,7, or a PNG or .npz file of y, or of x from which y is made",
    )
    .option(
      "-o, --output <file>",
      "where to write: a .png, or an .npz with mean, std, y and, where it is known, x (default: figures/prediction.png in the run)",
    )
    .addOption(datasetChangedOption())
    .addOption(jsonOption())
    .addHelpText(
      "after",
      "\nExamples:\n" +
        "  vae predict runs/super-resolution test:0-7\n" +
        "  vae predict runs/super-resolution small.png -o large.png\n" +
        "  vae predict runs/tomography sinograms.npz -o images.npz    its array y is N x angles x detectors",
    );
  return addRunOptions(command).action(async (path: string, input: string, options: Options) => {
    const { drawConditionals } = await import("../evaluation/conditionals.ts");
    const { conditionalGrid } = await import("../figures/conditionalGrid.ts");
    const { npzOf } = await import("../data/npy.ts");
    const { writeFileAtomic } = await import("../base/atomicFile.ts");
    const { RandomStream } = await import("../tensors/random.ts");
    const run = await openRun(path, options);
    const file = options.output ?? run.folder.figure("prediction");
    if (!/\.(png|npz)$/i.test(file)) {
      throw new VaeError(
        "usage",
        `--output is ${file}. Accepted: a name that ends in .png, or in .npz for the numbers.`,
      );
    }
    const { examples, labels } = await readGiven(run, input, options.datasetChanged);
    const random = new RandomStream(0).fork("predict");
    const predicted = await drawConditionals(run.model, examples, { draws: 0, random, pixels: "mean" });
    const { target, given } = run.model;
    const of = (values: Float32Array, shape: readonly number[]) => ({
      values,
      shape: [labels.length, ...shape],
    });
    const isClass = given!.kind === "class";
    const shapeOfY = isClass ? [examples.y.length / labels.length] : given!.shape;
    const bytes = /\.npz$/i.test(file)
      ? npzOf({
          mean: of(predicted.mean, target.shape),
          std: of(predicted.deviation, target.shape),
          y: of(examples.y, shapeOfY),
          ...(examples.x && { x: of(examples.x, target.shape) }),
        })
      : await conditionalGrid(run.model, examples, predicted, {
          title: `x predicted from y: ${path}`,
          subtitle: "the mean of p(x|y) and its deviation, brightest where it is largest",
          labels,
          withDeviation: true,
        });
    await writeFileAtomic(file, Buffer.from(bytes));
    if (options.json) result(JSON.stringify({ file, given: labels }));
    else result(`${file}: ${labels.length} predicted by ${describeRun(run, options.checkpoint)}`);
  });
}
