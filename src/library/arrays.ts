import { VaeError } from "../base/errors.ts";
import type { Arrays } from "../data/arrayFile.ts";
import type { NumberArray } from "../data/npy.ts";
import type { Numbers } from "./numbers.ts";

/** Numbers, and the shape of one example, which tells how many flat ones are. */
export interface Given {
  readonly numbers: Numbers;
  readonly shape: readonly number[];
}

/** As if they were read from a file. */
export function arraysOf(given: Readonly<Record<string, Given | undefined>>): Arrays {
  const arrays = new Map(
    Object.entries(given).flatMap(([name, of]) => (of ? [[name, arrayOf(name, of)] as const] : [])),
  );
  return { names: [...arrays.keys()], array: (name) => arrays.get(name)! };
}

function arrayOf(name: string, { numbers, shape }: Given): NumberArray {
  if (typeof numbers !== "object" || numbers === null) {
    throw new VaeError(
      "usage",
      `${name} is ${numbers}. Accepted: an array of numbers such as a Float32Array, or { shape, values }.`,
    );
  }
  const { values, dims } =
    "values" in numbers && "shape" in numbers
      ? { values: numbers.values, dims: numbers.shape }
      : { values: numbers as ArrayLike<number>, dims: shapeOf(numbers as ArrayLike<number>, shape) };
  const isKept = values instanceof Uint8Array || values instanceof Float32Array;
  return { name, dims, type: typeOf(values), values: isKept ? values : Float64Array.from(values) };
}

/** Of what is no whole number of examples it stays flat, which nothing accepts. */
function shapeOf({ length }: ArrayLike<number>, shape: readonly number[]): number[] {
  const count = length / shape.reduce((size, of) => size * of, 1);
  return Number.isInteger(count) && count > 0 ? [count, ...shape] : [length];
}

/** As numpy calls it: `uint8` of a `Uint8Array`, a `Buffer` included. */
const typeOf = (values: ArrayLike<number>) =>
  /^(Uint|Int|Float)\d+/.exec(Object.prototype.toString.call(values).slice(8))?.[0].toLowerCase() ??
  "float64";
