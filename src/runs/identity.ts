import { createHash } from "node:crypto";
import { isDeepStrictEqual } from "node:util";
import { z } from "zod";
import { VaeError } from "../base/errors.ts";
import type { Config } from "../config/schema.ts";
import { settings, valueAt } from "../config/settings.ts";
import type { Dataset, Split } from "../data/dataset.ts";
import type { Fields } from "../data/field.ts";
import type { SplitName } from "../evaluation/summary.ts";

export const splitNames: readonly SplitName[] = ["train", "validation", "test"];

const splitSchema = z.strictObject({ count: z.int().positive(), sha256: z.string() });

const shape = z.array(z.int().positive());
const column = {
  name: z.string(),
  shape,
  show: z.enum(["image", "value"]),
  valueNames: z.array(z.string()).exactOptional(),
};
const numbers = z.array(z.number());
const fieldSchema = z.union([
  z.strictObject({
    ...column,
    kind: z.enum(["bytes", "real", "count"]),
    standardized: z.strictObject({ mean: numbers, deviation: numbers }).exactOptional(),
    white: z.int().positive().exactOptional(),
  }),
  z.strictObject({
    ...column,
    kind: z.literal("class"),
    classCount: z.int().positive(),
    classNames: z.array(z.string()).exactOptional(),
  }),
]);

/** The data that a run was trained on, down to their bytes. */
export const dataIdentitySchema = z.strictObject({
  name: z.string(),
  fields: z.record(z.string(), fieldSchema) satisfies z.ZodType<Fields>,
  splits: z.strictObject({ train: splitSchema, validation: splitSchema, test: splitSchema }),
});

export type DataIdentity = z.infer<typeof dataIdentitySchema>;

export function dataIdentityOf({ name, fields, train, validation, test }: Dataset): DataIdentity {
  return {
    name,
    fields: structuredClone(fields) as DataIdentity["fields"],
    splits: {
      train: splitIdentityOf(train),
      validation: splitIdentityOf(validation),
      test: splitIdentityOf(test),
    },
  };
}

const known = new WeakMap<Split, z.infer<typeof splitSchema>>();

/** Of a split, which never changes and so is hashed once. */
export function splitIdentityOf(split: Split): z.infer<typeof splitSchema> {
  const identity = known.get(split) ?? { count: split.count, sha256: sha256(split) };
  known.set(split, identity);
  return identity;
}

/** Of all columns, with their names and lengths. */
function sha256({ columns }: Split): string {
  const hash = createHash("sha256");
  for (const name of Object.keys(columns).toSorted()) {
    const { buffer, byteOffset, byteLength } = columns[name]!;
    hash.update(`${name} ${byteLength}\n`).update(new Uint8Array(buffer, byteOffset, byteLength));
  }
  return hash.digest("hex");
}

/** Which examples of the source's training part each part has, as the sha256 of their places, little-endian 32-bit integers. */
export function placeHashesOf({ places }: Dataset): Record<string, string> | undefined {
  return (
    places && Object.fromEntries(Object.entries(places).map(([name, chosen]) => [name, hashOfPlaces(chosen)]))
  );
}

function hashOfPlaces(places: Uint32Array): string {
  const bytes = Buffer.alloc(4 * places.length);
  for (const [i, place] of places.entries()) bytes.writeUInt32LE(place, 4 * i);
  return createHash("sha256").update(bytes).digest("hex");
}

/** Fails where a split is not what the run was trained on; says both, and the way on. */
export function compareData(
  run: string,
  trained: DataIdentity,
  now: Dataset,
  splits: readonly SplitName[],
): void {
  const changed = splits.flatMap((name) => {
    const [before, after] = [trained.splits[name], splitIdentityOf(now[name])];
    if (before.sha256 === after.sha256) return [];
    const told = ({ count, sha256 }: typeof before) => `${count} examples with sha256 ${sha256.slice(0, 12)}`;
    return [`${name} (${told(before)} then, ${told(after)} now)`];
  });
  if (changed.length === 0) return;
  throw new VaeError(
    "failure",
    `The data of ${run} have changed since it was trained: ${changed.join(", ")}. ` +
      "Test images may now be among those that it was trained on. Put the data back, or accept them with --dataset-changed accept; " +
      "the run keeps the record of those it was trained on.",
  );
}

/** Settings that do not alter what a run computes, or not what it has computed so far. */
export const FREE = [
  "training.log",
  "training.previewEvery",
  "training.step",
  "training.onDivergence",
  "backend",
  "device",
  "threads",
];

/** Where data lie; what they are is told by their bytes. */
const PLACES = /^dataset\.(path|testRows|(test|condition|testCondition)Path|(train|test)(Images|Labels))$/;

/** `training.batchSize 128 -> 64` for each setting that differs. */
export function differences(before: Config, after: Config): Difference[] {
  return settings()
    .map(({ path }) => ({ path, from: valueAt(before, path), to: valueAt(after, path) }))
    .filter(({ from, to }) => !isDeepStrictEqual(from, to));
}

export interface Difference {
  readonly path: string;
  readonly from: unknown;
  readonly to: unknown;
}

export const told = ({ path, from, to }: Difference) =>
  `${path} ${JSON.stringify(from)} -> ${JSON.stringify(to)}`;

/**
 * Fails where a `config.yaml` is not that of a checkpoint at `step`. Changes that are to come may be in one of them, and
 * so may more epochs, where the learning rate does not depend on them.
 */
export function compareSettings(file: string, inFile: Config, trained: Config, step: number): void {
  const soFar = (config: Config) => ({
    ...config,
    changes: config.changes.filter((change) => change.step < step),
  });
  const changed = differences(soFar(trained), soFar(inFile)).filter(
    ({ path }) => !isFree(path, trained, inFile),
  );
  if (changed.length === 0) return;
  const [some, rest] = [changed.slice(0, 5), changed.length - 5];
  const list = some.map(
    ({ path, from, to }) => `${path} is ${JSON.stringify(to)} there, ${JSON.stringify(from)} in the run`,
  );
  throw new VaeError(
    "failure",
    `${file} is not what the run was trained with: ${list.join("; ")}${rest > 0 ? `; and ${rest} more` : ""}. ` +
      "Correct it, or delete it: the settings that the checkpoint holds then count.",
  );
}

/** Whether a setting says nothing of what a run computes. */
export const isImmaterial = (path: string) => FREE.includes(path) || PLACES.test(path);

/** Whether a setting may simply be another. */
export const isFree = (path: string, ...configs: readonly Config[]) =>
  isImmaterial(path) || (path === "training.epochs" && configs.every(hasConstantRate));

const hasConstantRate = ({ training, changes }: Config) =>
  [training, ...changes.flatMap((change) => change.training ?? [])].every(
    ({ schedule = "constant" }) => schedule === "constant",
  );
