import { Command, Option } from "commander";
import { settings } from "../config/settings.ts";
import type { FetchOptions } from "./data/fetch.ts";
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
    .argument("<name...>", "datasets that `vae data list` has a download of, or digits")
    .option("--force", "replace files that are here, such as damaged ones")
    .option("--mirror <url>", "a server of your own that has the files, in a folder <name> or all in one")
    .option("--dry-run", "only tell what would be fetched from where, and how large it is")
    .addOption(jsonOption())
    .action(async (names: string[], options: FetchOptions) => {
      const { fetch } = await import("./data/fetch.ts");
      await fetch(names, options);
    });
}

const list = (text: string) => text.split(",");

const truth = (text: string) => (text === "true" ? true : text === "false" ? false : text);

const numbers = (list: string) => list.split(",").map(Number);

const range = (text: string) => (text === "auto" ? text : numbers(text));
const depth = (text: string) => (text === "auto" ? text : Number(text));
/** `64` or `64,48` */
const sizes = (list: string) => (list.includes(",") ? numbers(list) : Number(list));

function inspectCommand(): Command {
  const { accepts } = settings().find(({ path }) => path === "dataset.name")!;
  const command = new Command("inspect")
    .description("count a dataset's images and pixels, or describe a table's columns, and draw them")
    .argument("<name>", `${accepts.replaceAll(" | ", ", ")}, or the path of a table`)
    .addOption(
      new Option("--split <split>", "of images (default: train)").choices(["train", "validation", "test"]),
    )
    .option("--out <file>", "where to draw them (default: <name>.png)")
    .option(
      "--path <folder>",
      "images: folder of images; npz: .npz or .npy file; pairs: either; table: CSV, TSV or .npz file",
    )
    .option("--target <column>", "table: name or number of the column to predict (default: the last)")
    .option("--features <columns>", "table: names or numbers of the others to describe (default: all)", list)
    .option("--header <whether>", "table: whether the first line has the names (auto, true, false)", truth)
    .option("--delimiter <character>", "table: between the cells of a line (auto, or , ; tab bar space)")
    .option("--test-path <folder>", "the same of test images")
    .option("--condition-path <folder>", "pairs: folder of images y, or .npy file")
    .option("--test-condition-path <folder>", "pairs: the same of test images")
    .option("--x <name>", "npz, pairs: array of the images")
    .option("--y <name>", "pairs: array of their y")
    .option("--labels <name>", "npz: array of their classes")
    .option(
      "--range <lowest,highest>",
      "your own images: the values that are black and white, or auto",
      range,
    )
    .option("--depth <bits>", "your own images: bits of a value that are kept, or auto", depth)
    .option("--examples <which>", "npz, mat: the dimension that counts the images: first or last")
    .option("--class-column <which>", "amat: the number of a line that is the class: first or last")
    .option("--shape <height,width>", "npz, pairs: of images that are rows of values", numbers)
    .option(
      "--size <height,width>",
      "resize to this, or to one number for both (shapes: draw in this size)",
      sizes,
    )
    .option("--fit <how>", "where that is another shape: crop, pad or stretch")
    .option("--transpose", "swap rows and columns of the images")
    .option("--invert", "make black white and white black")
    .option("--channels <number>", "images: 1 (grey) or 3 (RGB)", Number)
    .option("--train-images <file>", "idx: training images")
    .option("--train-labels <file>", "idx: their classes")
    .option("--test-images <file>", "idx: test images")
    .option("--test-labels <file>", "idx: their classes")
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
  return withSettingNames(command);
}

/** The options that are settings by the names of these too, as messages have them. */
function withSettingNames(command: Command): Command {
  for (const option of [...command.options]) {
    if (["split", "out", "json"].includes(option.name())) continue;
    const flags = option.flags.replace(`--${option.name()}`, `--dataset.${option.attributeName()}`);
    const named = new Option(flags).hideHelp();
    command.addOption(option.parseArg ? named.argParser(option.parseArg) : named);
  }
  return command;
}
