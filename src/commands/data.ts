import { Command, Option } from "commander";
import { settings } from "../config/settings.ts";
import type { InspectOptions } from "./data/inspect.ts";
import { jsonOption } from "./shared.ts";

/** `vae data list|fetch|inspect` */
export function dataCommand(): Command {
  return new Command("data")
    .description("list, fetch and inspect datasets")
    .addCommand(listCommand())
    .addCommand(fetchCommand())
    .addCommand(inspectCommand());
}

function listCommand(): Command {
  return new Command("list")
    .description("the datasets, and which are on this machine")
    .addOption(jsonOption())
    .action(async (options: { json?: true }) => {
      const { list } = await import("./data/list.ts");
      await list(options);
    });
}

function fetchCommand(): Command {
  return new Command("fetch")
    .description("bring datasets onto this machine, or check those that are here")
    .argument("<name...>", "one or more of digits, shapes, mnist, fashion-mnist, kmnist, binarized-mnist")
    .option("--force", "replace files that are here, such as damaged ones")
    .addOption(jsonOption())
    .action(async (names: string[], options: { force?: boolean; json?: true }) => {
      const { fetch } = await import("./data/fetch.ts");
      await fetch(names, options);
    });
}

const list = (text: string) => text.split(",");

const truth = (text: string) => (text === "true" ? true : text === "false" ? false : text);

const numbers = (list: string) => list.split(",").map(Number);

const range = (text: string) => (text === "auto" ? text : numbers(text));

function inspectCommand(): Command {
  const { accepts } = settings().find(({ path }) => path === "dataset.name")!;
  return new Command("inspect")
    .description("count a dataset's images and pixels, or describe a table's columns, and draw them")
    .argument("<name>", `${accepts.replaceAll(" | ", ", ")}, or the path of a table`)
    .addOption(
      new Option("--split <split>", "of images (default: train)").choices(["train", "validation", "test"]),
    )
    .option("--out <file>", "where to draw them (default: <name>.png)")
    .option(
      "--path <folder>",
      "images: folder of PNG images; npz: .npz or .npy file; pairs: either; table: CSV, TSV or .npz file",
    )
    .option("--target <column>", "table: name or number of the column to predict (default: the last)")
    .option("--features <columns>", "table: names or numbers of the others to describe (default: all)", list)
    .option("--header <whether>", "table: whether the first line has the names (auto, true, false)", truth)
    .option("--delimiter <character>", "table: between the cells of a line (auto, or , ; tab bar space)")
    .option("--test-path <folder>", "the same of test images")
    .option("--condition-path <folder>", "pairs: folder of PNG images y, or .npy file")
    .option("--test-condition-path <folder>", "pairs: the same of test images")
    .option("--x <name>", "npz, pairs: array of the images")
    .option("--y <name>", "pairs: array of their y")
    .option("--labels <name>", "npz: array of their classes")
    .option(
      "--range <lowest,highest>",
      "your own images: the values that are black and white, or auto",
      range,
    )
    .addOption(new Option("--dataset.range <lowest,highest>").argParser(range).hideHelp()) // as messages have it
    .option("--shape <height,width>", "npz, pairs: of images that are rows of values", numbers)
    .option("--channels <number>", "images: 1 (grey) or 3 (RGB)", Number)
    .option("--train-images <file>", "idx: training images")
    .option("--train-labels <file>", "idx: their classes")
    .option("--test-images <file>", "idx: test images")
    .option("--test-labels <file>", "idx: their classes")
    .option("--size <pixels>", "shapes: height and width of an image", Number)
    .option("--seed <number>", "digits, shapes: which ones to draw", Number)
    .option("--train-count <number>", "digits, shapes: how many training images to draw", Number)
    .option("--test-count <number>", "digits, shapes: how many test images to draw", Number)
    .option("--validation <number>", "images held out for validation", Number)
    .option("--split.order <order>", "which: auto, shuffled, file or group")
    .option("--split.seed <number>", "of the draw of them", Number)
    .option("--split.test <number>", "images held out for test where there is no test set", Number)
    .option("--split.by <pattern>", "which images are a group: by their names, or an array of a .npz file")
    .addOption(jsonOption())
    .action(async (name: string, options: InspectOptions) => {
      const { inspect } = await import("./data/inspect.ts");
      await inspect(name, options);
    });
}
