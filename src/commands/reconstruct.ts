import { Command } from "commander";
import { counted } from "../base/counted.ts";
import type { PixelMode } from "../evaluation/pictures.ts";
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
  splitOption,
  tell,
} from "./shared.ts";
import { withDataProgress } from "./withDataProgress.ts";

interface Options extends RunOptions {
  number: number;
  split: "train" | "validation" | "test";
  output?: string;
  pixels: PixelMode;
  datasetChanged?: "accept";
  json?: boolean;
}

export function reconstructCommand(): Command {
  const command = new Command("reconstruct")
    .description(
      "Encode and decode images of a split. Writes a PNG: rows of originals, below each its reconstructions; of a " +
        "conditional run each image beside the y that it was given.",
    )
    .argument("<run>", "a run folder")
    .option("-n, --number <count>", "how many images", integerFrom(1, 100_000), 50)
    .addOption(splitOption())
    .option("-o, --output <file>", "where to write (default: figures/reconstructions-<split>.png in the run)")
    .addOption(pixelsOption())
    .addOption(datasetChangedOption())
    .addOption(jsonOption())
    .addHelpText(
      "after",
      "\nExample:\n  vae reconstruct runs/digits-gaussian --split test -n 100 -o pairs.png",
    );
  return addRunOptions(command).action(async (path: string, options: Options) => {
    const { readRunData } = await import("../runs/experiment.ts");
    const { reconstructionsFigure, writeFigure } = await import("../figures/figures.ts");
    const { titleOf } = await import("../runs/title.ts");
    const run = await openRun(path, options);
    const acceptsData = options.datasetChanged === "accept";
    const dataset = await withDataProgress((context) =>
      readRunData(run, [options.split], { ...context, acceptsData }),
    );
    const set = dataset[options.split];
    const count = Math.min(options.number, set.count);
    const file = options.output ?? run.folder.figure(`reconstructions-${options.split}`);
    const { pixels } = options;
    const title = titleOf(run.config, dataset.name);
    const of = { set, name: options.split };
    await writeFigure(file, await reconstructionsFigure(run.model, of, run.coding, count, { title, pixels }));
    if (options.json) result(JSON.stringify({ file, count, split: options.split, pixels: options.pixels }));
    else
      tell(
        `${file}: ${counted(count, `${options.split} image`)} and ${count === 1 ? "its reconstruction" : "their reconstructions"} (${options.pixels}) by ${describeRun(run, options.checkpoint)}`,
      );
  });
}
