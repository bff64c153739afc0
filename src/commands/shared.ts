import { InvalidArgumentError, Option } from "commander";
import type { OpenedRun } from "../experiment.ts";

/** Notes and progress go to stderr; stdout is for results. */
export const note = (line: string) => process.stderr.write(`${line}\n`);

export const result = (line: string) => process.stdout.write(`${line}\n`);

/** commander's parser of a whole number from `min` on. */
export const integerFrom = (min: number) => (text: string) => {
  const value = Number(text);
  if (!Number.isInteger(value) || value < min) {
    throw new InvalidArgumentError(`It must be a whole number from ${min} on.`);
  }
  return value;
};

export const checkpointOption = () =>
  new Option("--checkpoint <name>", "weights with the lowest validation loss, or the newest")
    .choices(["best", "last"])
    .default("best");

export const pixelsOption = () =>
  new Option("--pixels <mode>", "show the mean of p(x|z), or a draw from it with its noise")
    .choices(["mean", "draw"])
    .default("mean");

export const jsonOption = () => new Option("--json", "print one JSON object");

export const describeRun = ({ folder, epoch }: OpenedRun, checkpoint: string) =>
  `${folder.path}, ${checkpoint} checkpoint of epoch ${epoch}`;
