import { basename } from "node:path";
import { didYouMean, VaeError } from "../base/errors.ts";
import { conditionOf, observedSplit, streamOf } from "../conditions/index.ts";
import { openArrayFile } from "../data/arrayFile.ts";
import type { Column, Split } from "../data/dataset.ts";
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

type ReadSplit = (split: SplitName) => Promise<Split>;

/** What `what` may be, for help and errors. */
export const ACCEPTED_GIVEN =
  `a split and places (test:0-7, validation:3, train:5,9), a ${IMAGE_FORMATS} image or .npz with y or x, or classes (3,7) of a run ` +
  "that is conditioned on them";

/** Reads what a conditional run is to be given: examples of its data, a file of the user's, or classes. */
export async function readGiven(run: OpenedRun, what: string, readSplit: ReadSplit): Promise<Given> {
  const given = run.model.given!;
  const ofSplit = /^(train|validation|test):(.*)$/.exec(what);
  if (ofSplit) {
    const [, split, list] = ofSplit as unknown as [string, SplitName, string];
    const places = numbersOf(list);
    if (!places) throw unknown(what);
    const set = await readSplit(split);
    const outside = places.find((place) => place >= set.count);
    if (outside !== undefined) {
      throw new VaeError(
        "usage",
        `${what}: there is no ${outside} in the ${split} split, which has ${set.count} examples: 0 to ${set.count - 1}.`,
      );
    }
    return { observations: observationsAt(set, run.model, places, split), told: `y of ${split} ${list}` };
  }
  if (isImageName(what)) return readImage(run, what);
  if (what.endsWith(".npz")) return readArrays(run, what);
  if (given.kind !== "class") throw unknown(what);
  return {
    observations: observedClasses(
      given,
      what.split(",").flatMap((item) => classesOf(given, item)),
    ),
    told: `classes ${what}`,
  };
}

const unknown = (what: string) =>
  new VaeError("usage", `${what} is nothing that a run can be given. Accepted: ${ACCEPTED_GIVEN}.`);

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

async function readImage(run: OpenedRun, path: string): Promise<Given> {
  const { target, given } = run.model as Required<Pick<OpenedRun["model"], "target" | "given">>;
  const bytes = await readInput(path, `Cannot read ${path}`, { most: MAX_IMAGE_BYTES });
  const { width, height } = imageSizeOf(bytes, path);
  const { rgb, isGray } = await decodeImage(bytes, path);
  const fits = ({ shape, show }: Field) =>
    show === "image" &&
    shape[0] === height &&
    shape[1] === width &&
    (shape[2] === 1 ? isGray : shape[2] === 3);
  const role = [given, target].find(fits);
  if (!role) {
    throw new VaeError(
      "usage",
      `${path} is ${width}x${height} ${isGray ? "grey" : "colour"} pixels (width x height). Accepted: ${[given, target].map(describe).join(", or ")}.`,
    );
  }
  const channels = role.shape[2]!;
  const values = channels === 1 ? rgb.filter((_, i) => i % 3 === 0) : rgb;
  const ofType = values instanceof Uint16Array ? 65535 : 255;
  const column =
    role.kind === "bytes"
      ? levelsFrom(run, role, values, path)
      : Float32Array.from(values, (value) => value / ofType);
  return fromFile(run, path, { count: 1, columns: { [role.name]: column } });
}

const describe = ({ name, shape, show }: Field) =>
  show === "image" && shape.length === 3
    ? `${name} of ${shape[1]}x${shape[0]} with ${shape[2]} channel${shape[2] === 1 ? "" : "s"}`
    : `${name} of shape [${shape.join(", ")}]`;

async function readArrays(run: OpenedRun, path: string): Promise<Given> {
  const { target, given } = run.model as Required<Pick<OpenedRun["model"], "target" | "given">>;
  const arrays = await openArrayFile(path, "The input");
  const arrayOf = (name: string) => (arrays.names.includes(name) ? arrays.array(name) : undefined);
  const y = arrayOf("y") ?? arrayOf(given.name);
  const x = arrayOf("x");
  if (!y && !x) {
    throw new VaeError(
      "usage",
      `${path} has ${arrays.names.join(", ") || "one array without a name"}. Accepted: y, or x of which the run makes y, or both.`,
    );
  }
  const columns: Record<string, Column> = {};
  const counts: number[] = [];
  for (const [field, array] of [[given, y] as const, [target, x] as const]) {
    if (!array) continue;
    counts.push(countOf(field, array, path));
    columns[field.name] = columnFrom(field, array, path);
  }
  if (counts.length === 2 && counts[0] !== counts[1]) {
    throw new VaeError(
      "failure",
      `${path} has ${counts[0]} y and ${counts[1]} x. They belong together in their order.`,
    );
  }
  return fromFile(run, path, { count: counts[0]!, columns });
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
function countOf(field: Field, { dims: shape }: NumberArray, path: string): number {
  const long = (shape: readonly number[]) => shape.filter((length) => length !== 1).join();
  if (shape.length > 0 && shape[0]! > 0 && long(shape.slice(1)) === long(field.shape)) return shape[0]!;
  if (long(shape) === long(field.shape)) return 1;
  throw new VaeError(
    "failure",
    `${path}: ${field.name} has the shape [${shape.join(", ")}]. Accepted: [count, ${field.shape.join(", ")}].`,
  );
}

/** Bytes may also be numbers in [0, 1], as pictures often are. */
function columnFrom(field: Field, { values, type }: NumberArray, path: string): Column {
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
async function fromFile(run: OpenedRun, path: string, set: Split): Promise<Given> {
  const given = run.model.given!;
  const file = basename(path);
  const names = Array.from({ length: set.count }, (_, i) => (set.count === 1 ? file : `${file} ${i}`));
  if (set.columns[given.name]) return { observations: { set, names }, told: `${path} as y` };
  const { condition: settings } = run.config;
  const condition = conditionOf(settings, run.model.target);
  if (!condition) {
    throw new VaeError(
      "usage",
      `${path} is x, and of x the run makes no y, as condition.kind is ${settings.kind}. Give y: ${ACCEPTED_GIVEN}.`,
    );
  }
  const random = streamOf(settings).fork("own");
  const withY = await observedSplit(set, run.model.target, condition, { random, turn: async () => {} });
  return {
    observations: { set: withY, names },
    told: `${path} as x, of which the condition of the run (${settings.kind}) makes y`,
  };
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

const arrayOf = (field: Field, column: Column): Float32Values => ({
  shape: [column.length / fieldSize(field), ...field.shape],
  values: Float32Array.from(column, (value) => (field.kind === "bytes" ? value / whiteOf(field) : value)),
});
