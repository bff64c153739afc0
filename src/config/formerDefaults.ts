import { existsSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { datasets } from "../data/index.ts";

/**
 * What earlier versions did where there is a setting now. A configuration that a run saved has every key, so one that is
 * missing was no setting then.
 */
export const formerDefaults = {
  split: { order: "file" },
  range: "auto",
  depth: 8,
} satisfies Readonly<Record<string, unknown>>;

type Plain = Record<string, unknown>;

/** Whether a run that saved this had any of these settings: what it leaves out of them then has no default. */
const isOfPresent = (dataset: Plain) => Object.keys(formerDefaults).some((key) => dataset[key] !== undefined);

/** A configuration that a run saved, with what earlier versions did where it says nothing. */
export function withFormer(input: Plain): Plain {
  const { dataset } = input;
  return typeof dataset === "object" && isOfPresent((dataset ?? {}) as Plain)
    ? input
    : withUnsaid(input, formerDefaults);
}

/** A configuration with `unsaid` settings of the dataset where it says nothing of them and its dataset has them. */
export function withUnsaid(input: Plain, unsaid: Plain): Plain {
  const dataset = (input["dataset"] ?? {}) as Plain;
  if (typeof dataset !== "object" || Object.keys(unsaid).length === 0) return input;
  const name = String(dataset["name"] ?? "digits");
  const shape = Object.hasOwn(datasets, name) ? datasets[name as keyof typeof datasets].schema.shape : {};
  const missing = Object.entries(unsaid).filter(
    ([key]) => Object.hasOwn(shape, key) && dataset[key] === undefined,
  );
  return { ...input, dataset: { ...dataset, ...Object.fromEntries(missing) } };
}

/** Whether a file is the `config.yaml` that a run saved. */
export const isOfRun = (file: string) =>
  basename(file) === "config.yaml" &&
  ["run.json", join("checkpoints", "last.safetensors")].some((name) => existsSync(join(dirname(file), name)));
