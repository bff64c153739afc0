import { type Command, InvalidArgumentError, Option } from "commander";
import { addSettingOptions, COMPUTE_SETTINGS, overridesFrom } from "../config/options.ts";
import { formatBackend } from "../reporting/format.ts";
import { endLine, writeLine } from "../reporting/terminal.ts";
import type { OpenedRun } from "../runs/experiment.ts";

/** Notes and progress go to stderr; stdout is for results. */
export const note = (line: string) => writeLine(process.stderr, line);

export function result(text: string): void {
  endLine();
  process.stdout.write(`${text}\n`);
}

/** A result for people: on a terminal it is broken between words, where it is too long. */
export const tell = (text: string) => writeLine(process.stdout, text);

/** commander's parser of a whole number from `min` on, or up to `max`. */
export const integerFrom = (min: number, max?: number) => (text: string) => {
  const value = Number(text);
  if (!Number.isInteger(value) || value < min || (max !== undefined && value > max)) {
    throw new InvalidArgumentError(
      `It must be a whole number from ${min} ${max === undefined ? "on" : `to ${max}`}.`,
    );
  }
  return value;
};

/** commander's parser of a number above 0. */
export const positiveNumber = (text: string) => {
  const value = Number(text);
  if (Number.isFinite(value) && value > 0) return value;
  throw new InvalidArgumentError("It must be a number above 0.");
};

export const checkpointOption = () =>
  new Option("--checkpoint <name>", "weights with the lowest validation loss, or the newest")
    .choices(["best", "last"])
    .default("best");

export const pixelsOption = () =>
  new Option("--pixels <mode>", "show the mean of p(x|z), or a draw from it with its noise")
    .choices(["mean", "draw"])
    .default("mean");

export const splitOption = () =>
  new Option("--split <split>", "which images").choices(["train", "validation", "test"]).default("test");

/** Of commands that read the data of a run. */
export const datasetChangedOption = () =>
  new Option(
    "--dataset-changed <reaction>",
    "what to do where the data of the run are not those that it was trained on (default: stop)",
  ).choices(["accept"]);

/** Of commands that draw charts, and nothing else. */
export const figureFormatOption = (description: string) =>
  new Option("--format <format>", description).choices(["png", "svg"]).default("png");

/** Of commands that draw charts, and pictures besides. */
export const formatOption = (charts: string) =>
  figureFormatOption(`of the charts, which are ${charts}; a name behind -o that ends in .svg is SVG, too`);

export interface FormatOptions {
  format: "png" | "svg";
}

export const jsonOption = () => new Option("--json", "print one JSON object");

/** How a run is opened, for every command that does. */
export interface RunOptions {
  checkpoint: "best" | "last";
  backend?: string;
  device?: string;
  threads?: string;
}

/** The options that `openRun` takes. */
export const addRunOptions = (command: Command) =>
  addSettingOptions(command.addOption(checkpointOption()), COMPUTE_SETTINGS);

/** Opens a run as its options say, or beside another one; a note tells where that is not what trained it. */
export async function openRun(path: string, options: RunOptions, beside?: OpenedRun): Promise<OpenedRun> {
  const experiment = await import("../runs/experiment.ts");
  const compute = beside?.backend ?? overridesFrom({ ...options }, COMPUTE_SETTINGS);
  const run = await experiment.openRun(path, { checkpoint: options.checkpoint, compute });
  const trained = run.folder.readRecord()?.backend;
  if (trained && trained.name !== run.backend.name) {
    const { notYetTold } = await import("../reporting/notYetTold.ts");
    note(
      [
        `${path} was trained on ${trained.name}; this is ${formatBackend(run.backend)}`,
        ...notYetTold(run.backend.notes, process.stderr),
      ].join("; "),
    );
  }
  return run;
}

export const describeRun = ({ folder, epoch }: OpenedRun, checkpoint: string) =>
  `${folder.path}, ${checkpoint} checkpoint of epoch ${epoch}`;
