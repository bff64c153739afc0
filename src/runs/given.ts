import { basename } from "node:path";
import { counted } from "../base/counted.ts";
import { didYouMean, VaeError } from "../base/errors.ts";
import { conditionOf, observedSplit, streamOf } from "../conditions/index.ts";
import { type Arrays, openArrayFile } from "../data/arrayFile.ts";
import { type Column, choose, type Split } from "../data/dataset.ts";
import { type Field, fieldSize, whiteOf } from "../data/field.ts";
import { findPixels, type Range } from "../data/foundPixels.ts";
import { MAX_IMAGE_BYTES } from "../data/imageFormat.ts";
import { decodeImage, IMAGE_FORMATS, imageSizeOf, isImageName } from "../data/imageFormats.ts";
import type { NumberArray } from "../data/npy.ts";
import { levelsOf, type RangeSettings, usualRange } from "../data/pixelRange.ts";
import { readInput } from "../data/readInput.ts";
import { type Float32Values, npzBytes } from "../data/writeArrays.ts";
import {
  type Observations,
  observationsAt,
  observedClasses,
  type Predictions,
} from "../evaluation/observations.ts";
import type { SplitName } from "../evaluation/summary.ts";
import type { Model } from "../model/model.ts";
import type { OpenedRun } from "./experiment.ts";

/** What a run is given, and in words where it is from. */
export interface Given {
  readonly observations: Observations;
  readonly told: string;
}

export type ReadSplit = (split: SplitName) => Promise<Split>;

/** What `what` may be, for help and errors. */
export const ACCEPTED_GIVEN =
  `a split and places (test:0-7, validation:3, train:5,9), a ${IMAGE_FORMATS} image or .npz with y or x, or classes (3,7) of a run ` +
  "that is conditioned on them";

/** Reads what a conditional run is to be given: examples of its data, a file of the user's, or classes. */
export async function readGiven(run: OpenedRun, what: string, readSplit: ReadSplit): Promise<Given> {
  const { target, given } = run.model as Conditional;
  const found = await readPlaces(what, readSplit, ACCEPTED_GIVEN);
  if (found) {
    const { set, places, split, list } = found;
    return { observations: observationsAt(set, run.model, places, split), told: `y of ${split} ${list}` };
  }
  if (isImageName(what)) return withGiven(run, what, await readImage(run, what, [given, target]));
  if (what.endsWith(".npz")) return givenOfArrays(run, await openArrayFile(what, "The input"), what);
  if (given.kind !== "class") throw unknown(what, ACCEPTED_GIVEN);
  return {
    observations: observedClasses(
      given,
      what.split(",").flatMap((item) => classesOf(given, item)),
    ),
    told: `classes ${what}`,
  };
}

/** What arrays give a conditional run; `told` is where they are from. */
export function givenOfArrays(run: OpenedRun, arrays: Arrays, told: string): Promise<Given> {
  const { target, given } = run.model as Conditional;
  const roles = [
    { field: given, names: ["y", given.name] },
    { field: target, names: ["x"] },
  ];
  return withGiven(run, told, setOf(arrays, roles, told, "y, or x of which the run makes y, or both"));
}

type Conditional = OpenedRun["model"] & { readonly given: Field };

/** What an encoder reads, for help and errors. */
export const ACCEPTED_EXAMPLES =
  `a split and places (test:0-7, validation:3, train:5,9), a ${IMAGE_FORMATS} image of the size of x, or an .npz with x, and ` +
  "with y where the run is conditional and makes none of x";

/**
 * Reads examples whose x is known, of the data of a run or from a file of the user's: with y where the run is conditional, and
 * with classes where they are known.
 */
export async function readExamples(run: OpenedRun, what: string, readSplit: ReadSplit): Promise<Given> {
  const { target, given } = run.model;
  const found = await readPlaces(what, readSplit, ACCEPTED_EXAMPLES);
  if (found) {
    const { set, places, split, list } = found;
    const fields = [target, given, labelFieldOf(run)].filter((field) => field !== undefined);
    const names = places.map((place) => `${split} ${place}`);
    return {
      observations: { set: choose(set, new Set(fields), Uint32Array.from(places)), names },
      told: `${split} ${list}`,
    };
  }
  const read = async () => {
    if (isImageName(what)) return readImage(run, what, [target]);
    if (!what.endsWith(".npz")) throw unknown(what, ACCEPTED_EXAMPLES);
    return setOfExamples(run, await openArrayFile(what, "The input"), what);
  };
  return toldGiven(run, what, await read());
}

/** Examples of arrays, x and, where the run is conditional, y if it cannot make it of x; `told` is where they are from. */
export const examplesOf = async (run: OpenedRun, arrays: Arrays, told: string): Promise<Split> =>
  (await toldGiven(run, told, setOfExamples(run, arrays, told))).observations.set;

function setOfExamples(run: OpenedRun, arrays: Arrays, told: string): Split {
  const { target, given } = run.model;
  const label = labelFieldOf(run);
  const roles = [
    { field: target, names: ["x"] },
    ...(given ? [{ field: given, names: ["y", given.name] }] : []),
    ...(label && label !== given
      ? [{ field: label, names: ["labels", label.name, ...(given ? [] : ["y"])] }]
      : []),
  ];
  const set = setOf(arrays, roles, told, "x");
  if (set.columns[target.name]) return set;
  throw new VaeError(
    "usage",
    `${told} has no x, and it is x that is encoded. Accepted: ${ACCEPTED_EXAMPLES}.`,
  );
}

const toldGiven = async (run: OpenedRun, told: string, set: Split): Promise<Given> =>
  run.model.given ? withGiven(run, told, set) : { observations: { set, names: namesOf(told, set) }, told };

/** The classes that the data of a run bring along; undefined where they have none. */
export const labelFieldOf = ({ model, data }: Pick<OpenedRun, "model" | "data">) =>
  model.given?.kind === "class"
    ? model.given
    : Object.values(data?.fields ?? {}).find((field) => field.kind === "class");

/** `test:0-7,9`: the split and the places in it, which it has; undefined if it is nothing like that. */
async function readPlaces(what: string, readSplit: ReadSplit, accepted: string) {
  const ofSplit = /^(train|validation|test):(.*)$/.exec(what);
  if (!ofSplit) return undefined;
  const [, split, list] = ofSplit as unknown as [string, SplitName, string];
  const places = numbersOf(list);
  if (!places) throw unknown(what, accepted);
  const set = await readSplit(split);
  const outside = places.find((place) => place >= set.count);
  if (outside !== undefined) {
    throw new VaeError(
      "usage",
      `${what}: there is no ${outside} in the ${split} split, which has ${set.count} examples: 0 to ${set.count - 1}.`,
    );
  }
  return { set, places, split, list };
}

const unknown = (what: string, accepted: string) =>
  new VaeError("usage", `${what} is nothing that a run can be given. Accepted: ${accepted}.`);

/** `0-7,9` -> 0 … 7, 9; undefined if it is no such list. */
function numbersOf(list: string): number[] | undefined {
  const numbers: number[] = [];
  for (const item of list.split(",")) {
    const [, from, to] = /^(\d+)(?:-(\d+))?$/.exec(item) ?? [];
    if (from === undefined || Number(to ?? from) < Number(from) || Number(to ?? from) - Number(from) > 1e6)
      return undefined;
    for (let n = Number(from); n <= Number(to ?? from); n++) numbers.push(n);
  }
  return numbers;
}

/** `3`, `3-5`, or the name of a class. */
function classesOf(given: Field & { kind: "class" }, item: string): number[] {
  const { classCount, classNames = [] } = given;
  const named = classNames.indexOf(item);
  const numbers = named >= 0 ? [named] : numbersOf(item);
  if (numbers?.every((n) => n < classCount)) return numbers;
  const names = classNames.some((name, i) => name !== `${i}`) ? `, or ${classNames.join(", ")}` : "";
  throw new VaeError(
    "usage",
    `${item} is no class of the run. Accepted: 0 to ${classCount - 1}${names}; or ${ACCEPTED_GIVEN}.${didYouMean(item, classNames)}`,
  );
}

/** One image of the size of one of `roles`, the first of them that it fits. */
async function readImage(run: OpenedRun, path: string, roles: readonly Field[]): Promise<Split> {
  const bytes = await readInput(path, `Cannot read ${path}`, { most: MAX_IMAGE_BYTES });
  const { width, height } = imageSizeOf(bytes, path);
  const { rgb, isGray } = await decodeImage(bytes, path);
  const fits = ({ shape, show }: Field) =>
    show === "image" &&
    shape[0] === height &&
    shape[1] === width &&
    (shape[2] === 1 ? isGray : shape[2] === 3);
  const role = roles.find(fits);
  if (!role) {
    throw new VaeError(
      "usage",
      `${path} is ${width}x${height} ${isGray ? "grey" : "colour"} pixels (width x height). Accepted: ${roles.map(describe).join(", or ")}.`,
    );
  }
  const channels = role.shape[2]!;
  const values = channels === 1 ? rgb.filter((_, i) => i % 3 === 0) : rgb;
  const ofType = values instanceof Uint16Array ? 65535 : 255;
  const column =
    role.kind === "bytes"
      ? levelsFrom(run, role, values, path)
      : Float32Array.from(values, (value) => value / ofType);
  return { count: 1, columns: { [role.name]: column } };
}

const describe = ({ name, shape, show }: Field) =>
  show === "image" && shape.length === 3
    ? `${name} of ${shape[1]}x${shape[0]} with ${counted(shape[2]!, "channel")}`
    : `${name} of shape [${shape.join(", ")}]`;

/** A field, and what its array may be called. */
interface Role {
  readonly field: Field;
  readonly names: readonly string[];
}

/** Those fields that there are arrays of, one at least. */
function setOf(arrays: Arrays, roles: readonly Role[], path: string, accepted: string): Split {
  const found = roles.flatMap(({ field, names }) => {
    const name = names.find((name) => arrays.names.includes(name));
    return name === undefined ? [] : [{ field, array: arrays.array(name) }];
  });
  if (found.length === 0) {
    throw new VaeError(
      "usage",
      `${path} has ${arrays.names.join(", ") || "one array without a name"}. Accepted: ${accepted}.`,
    );
  }
  const counts = found.map(({ field, array }) => ({ name: field.name, count: countOf(field, array, path) }));
  const other = counts.find(({ count }) => count !== counts[0]!.count);
  if (other) {
    const [{ name, count }] = counts as [(typeof counts)[0]];
    throw new VaeError(
      "failure",
      `${path} has ${count} ${name} and ${other.count} ${other.name}. They belong together in their order.`,
    );
  }
  return {
    count: counts[0]!.count,
    columns: Object.fromEntries(
      found.map(({ field, array }) => [field.name, columnFrom(field, array, path)]),
    ),
  };
}

/** Levels of values that are as those of the data of the run are, which its `dataset.range` tells. */
function levelsFrom({ config }: OpenedRun, field: Field, values: Column, path: string): Column {
  const { range } = config.dataset as RangeSettings;
  const white = whiteOf(field);
  const found = findPixels([values]);
  const ofRun = (): Range => (white > 255 ? [0, white] : usualRange(found));
  const known = range === "auto" ? ofRun() : ((range as Range | undefined) ?? [0, 2 ** found.bits - 1]);
  return levelsOf(values, known, white, (i) => `${path}: value ${i}`);
}

/** How many examples there are: 1 of a shape without a first dimension for them. Dimensions of 1 may be there or not. */
export function countOf(field: Field, { dims: shape }: NumberArray, path: string): number {
  const long = (shape: readonly number[]) => shape.filter((length) => length !== 1).join();
  if (shape.length > 0 && shape[0]! > 0 && long(shape.slice(1)) === long(field.shape)) return shape[0]!;
  if (long(shape) === long(field.shape)) return 1;
  throw new VaeError(
    "failure",
    `${path}: ${field.name} has the shape [${shape.join(", ")}]. Accepted: [count, ${field.shape.join(", ")}].`,
  );
}

/** Bytes may also be numbers in [0, 1], as pictures often are. */
export function columnFrom(field: Field, { values, type }: NumberArray, path: string): Column {
  const isInteger = /int|bool/.test(type);
  const refuse = (accepted: string) =>
    new VaeError("failure", `${path}: ${field.name} has values that are not ${accepted}.`);
  if (!(values as Float64Array).every(Number.isFinite)) throw refuse("finite");
  if (field.kind === "real") return Float32Array.from(values);
  if (field.kind === "bytes") {
    const white = whiteOf(field);
    const scale = isInteger ? 1 : white;
    if (!(values as Float64Array).every((value) => value >= 0 && value * scale <= white))
      throw refuse(isInteger ? `0 … ${white}` : "in [0, 1]");
    const levels = new (white > 255 ? Uint16Array : Uint8Array)(values.length);
    return levels.map((_, i) => Math.round(values[i]! * scale));
  }
  const most = field.kind === "class" ? field.classCount - 1 : Number.MAX_SAFE_INTEGER;
  if (!(values as Float64Array).every((value) => Number.isInteger(value) && value >= 0 && value <= most))
    throw refuse(`whole numbers from 0${field.kind === "class" ? ` to ${most}` : ""}`);
  return field.kind === "class" ? Uint8Array.from(values) : Float32Array.from(values);
}

/** What a file holds, with the y that the run's condition makes of an x that comes alone. */
async function withGiven(run: OpenedRun, path: string, set: Split): Promise<Given> {
  const { target, given } = run.model as Conditional;
  const names = namesOf(path, set);
  if (set.columns[given.name]) return { observations: { set, names }, told: `${path} as y` };
  const { condition: settings } = run.config;
  const condition = conditionOf(settings, target);
  if (!condition) {
    throw new VaeError(
      "usage",
      `${path} is x, and of x the run makes no y, as condition.kind is ${settings.kind}. Give y: ${ACCEPTED_GIVEN}.`,
    );
  }
  const random = streamOf(settings).fork("own");
  const withY = await observedSplit(set, target, condition, { random, turn: async () => {} });
  return {
    observations: { set: withY, names },
    told: `${path} as x, of which the condition of the run (${settings.kind}) makes y`,
  };
}

function namesOf(path: string, { count }: Split): string[] {
  const file = basename(path);
  return Array.from({ length: count }, (_, i) => (count === 1 ? file : `${file} ${i}`));
}

/** Predictions as `.npz`: mean and std, y, and x where it is known; bytes as 0 … 1. */
export function predictionsNpz(
  { target, given }: Model,
  { set }: Observations,
  { mean, std }: Predictions,
): Buffer {
  const [x, y] = [set.columns[target.name], set.columns[given!.name]!];
  const images = { ...target, kind: "real" as const };
  return npzBytes({
    mean: arrayOf(images, mean),
    std: arrayOf(images, std),
    y: arrayOf(given!, y),
    ...(x && { x: arrayOf(target, x) }),
  });
}

/** Values with their shape; bytes as 0 … 1. */
export const arrayOf = (field: Field, column: Column): Float32Values => ({
  shape: [column.length / fieldSize(field), ...field.shape],
  values: Float32Array.from(column, (value) => (field.kind === "bytes" ? value / whiteOf(field) : value)),
});
