import { VaeError } from "../base/errors.ts";
import { conditionOf } from "../conditions/index.ts";
import type { Dataset } from "../data/dataset.ts";
import { type Field, fieldSize } from "../data/field.ts";
import { type NumberArray, readArrays } from "../data/npy.ts";
import { decodePng, MAX_PNG_BYTES, pngSize } from "../data/png.ts";
import { readInput } from "../data/readInput.ts";
import { everyClassOf, examplesAt, type GivenExamples } from "../evaluation/conditionals.ts";
import type { SplitName } from "../evaluation/summary.ts";
import { RandomStream } from "../tensors/random.ts";
import type { OpenedRun } from "./experiment.ts";

/** Some y by the words of a command line, with a name for each. */
export interface GivenInput {
  readonly examples: GivenExamples;
  readonly labels: readonly string[];
}

/** Examples shown at most, so that they are a picture. */
const MOST = 100;

const PLACES = /^(train|validation|test):(\d+(?:-\d+)?(?:,\d+(?:-\d+)?)*)$/;

/** The split that such words speak of; undefined for classes and files. */
export const splitOf = (what: string): SplitName | undefined =>
  PLACES.exec(what)?.[1] as SplitName | undefined;

/** `test:0-7,12`: examples of a split by their places, from 0. */
export function examplesOf(run: OpenedRun, dataset: Dataset, what: string): GivenInput {
  const [, split, list] = PLACES.exec(what)! as unknown as [string, SplitName, string];
  const { count } = dataset[split];
  const places = numbersIn(list, what);
  const beyond = places.find((place) => place >= count);
  if (beyond !== undefined) {
    throw new VaeError(
      "usage",
      `${what} asks for example ${beyond}, and the ${split} split has ${count}: 0 to ${count - 1}.`,
    );
  }
  const examples = examplesAt(run.model, dataset[split], run.coding, places);
  return { examples, labels: places.map((place) => `${split} ${place}`) };
}

/** `3,7`, or all of them: classes. */
export function classesOf({ model }: OpenedRun, what?: string): GivenInput {
  const { given } = model;
  if (given?.kind !== "class") throw new Error("the condition is no class");
  if (what === undefined) return everyClassOf(given, MOST);
  const classes = numbersIn(what, what);
  const beyond = classes.find((k) => k >= given.classCount);
  if (beyond === undefined) return everyClassOf(given, classes);
  throw new VaeError(
    "usage",
    `${what} asks for class ${beyond}. There are ${given.classCount}: 0 to ${given.classCount - 1}.`,
  );
}

/**
 * A file of the user's own, a PNG or the arrays of an `.npz`: y if it has the size of y (or an array of that name), otherwise x,
 * of which the run's condition then makes y.
 */
export async function fileInput(run: OpenedRun, path: string): Promise<GivenInput> {
  const { target, given } = run.model;
  const input = /\.npz$/i.test(path) ? await arrayInput(path) : await imageInput(path);
  const has = ({ shape, kind }: Field, values: Float32Array) =>
    kind !== "class" && values.length > 0 && values.length % fieldSize({ shape }) === 0 && input.fits(shape);
  const y = input.values(given!.shape, "y");
  if (y && has(given!, y)) return ofFile(path, { y, count: y.length / fieldSize(given!) });
  const condition = conditionOf(run.config.condition, target);
  const x = condition && input.values(target.shape, "x");
  if (!x || !has(target, x)) throw wrongSize(path, input.told, run);
  const D = fieldSize(target);
  const count = x.length / D;
  const random = new RandomStream("condition").fork("own");
  const each = Array.from({ length: count }, (_, i) =>
    condition.observe(x.subarray(i * D, (i + 1) * D), random.fork(i)),
  );
  const made = new Float32Array(count * fieldSize(given!));
  for (const [i, one] of each.entries()) made.set(one, i * one.length);
  return ofFile(path, { x, y: made, count });
}

/** What a file has, for an example of some shape. */
interface FileInput {
  /** Its size for a message. */
  readonly told: string;
  /** Values in [0, 1] for examples of this shape, by the name of an array where it has several. */
  values(shape: readonly number[], name: "x" | "y"): Float32Array | undefined;
  /** Whether it can be of examples of this shape. */
  fits(shape: readonly number[]): boolean;
}

async function imageInput(path: string): Promise<FileInput> {
  const bytes = await readInput(path, `Cannot read ${path}`, { most: MAX_PNG_BYTES });
  pngSize(bytes, path);
  const { width, height, rgb } = decodePng(bytes, path);
  return {
    told: `${height}x${width} pixels (height x width)`,
    fits: ([H, W, C]) => H === height && W === width && (C === 1 || C === 3),
    values: ([, , C]) =>
      Float32Array.from({ length: height * width * C! }, (_, i) => rgb[C === 3 ? i : 3 * i]! / 255),
  };
}

async function arrayInput(path: string): Promise<FileInput> {
  const arrays = await readArrays(path);
  const told = Object.entries(arrays).map(([name, { shape }]) => `${name} of ${shape.join("x")}`);
  const scaled = ({ values }: NumberArray) =>
    Float32Array.from(values, values instanceof Uint8Array ? (v) => v / 255 : (v) => v);
  return {
    told: told.join(", "),
    fits: () => true,
    values: (_, name) => (arrays[name] ? scaled(arrays[name]) : undefined),
  };
}

function wrongSize(path: string, told: string, { model, config }: OpenedRun): VaeError {
  const { given, target } = model;
  const makesY = conditionOf(config.condition, target) !== undefined;
  const sizes = [given!, ...(makesY ? [target] : [])].map(
    ({ name, shape }) => `${name} of ${shape.join("x") || "a class"}`,
  );
  return new VaeError("usage", `${path} has ${told}. The run takes ${sizes.join(", or ")}.`);
}

function ofFile(path: string, examples: GivenExamples): GivenInput {
  if (examples.count > MOST) throw tooMany(path);
  const name = path.split("/").at(-1)!;
  const labels = Array.from({ length: examples.count }, (_, i) =>
    examples.count === 1 ? name : `${name} ${i}`,
  );
  return { examples, labels };
}

function numbersIn(list: string, what: string): number[] {
  const numbers = list.split(",").flatMap((part) => {
    const [from, to = from] = part.split("-").map(Number) as [number, number?];
    if (!(Number.isInteger(from) && Number.isInteger(to) && to >= from)) throw notUnderstood(what);
    if (to - from >= MOST) throw tooMany(what);
    return Array.from({ length: to - from + 1 }, (_, i) => from + i);
  });
  if (numbers.length > MOST) throw tooMany(what);
  return numbers;
}

export const notUnderstood = (what: string) =>
  new VaeError(
    "usage",
    `${what} is not understood. Accepted: examples of a split by their places, such as test:0-7 or train:5,9; ` +
      "classes such as 3,7 where the condition is label; or a PNG file.",
  );

const tooMany = (what: string) =>
  new VaeError("usage", `${what} are more than ${MOST} examples, the most that a picture shows.`);
