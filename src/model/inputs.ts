import { type HostArray, hostRows } from "../tensors/hostArray.ts";
import * as tf from "../tensors/tf.ts";
import type { Model } from "./model.ts";
import { type NoiseSize, noiseShape } from "./noise.ts";

/**
 * A batch in memory of the host: by name the fields that a model reads, and the noise that it needs for so many samples of
 * each example.
 */
export interface BatchInputs extends NoiseSize {
  readonly [name: string]: Float32Array<ArrayBuffer> | number;
}

/** The inputs of a model in their order: the fields that it reads, then its noise. */
export const inputNames = ({ fields, noise }: Model): string[] => [
  ...fields.map(({ name }) => name),
  ...noise.map(({ name }) => name),
];

/** Tensors in that order by their names. */
export const inputsByName = (model: Model, tensors: readonly tf.Tensor[]): Record<string, tf.Tensor> =>
  Object.fromEntries(inputNames(model).map((name, i) => [name, tensors[i]!]));

/** How many samples of each example such tensors are for, by the shape of the first noise. */
export function samplesIn({ fields, noise }: Model, tensors: readonly tf.Tensor[]): number {
  if (!noise[0]) return 1;
  const rows = tensors[fields.length]!.shape[0]!;
  return noise[0].per === "step" ? rows : rows / tensors[0]!.shape[0]!;
}

/** A batch as arrays with shapes, in that order: fields [B, …], then noise. */
export function hostInputs(model: Model, batch: BatchInputs): HostArray[] {
  const noise = new Map(model.noise.map((draw) => [draw.name, draw]));
  return inputNames(model).map((name) => {
    const [values, draw] = [batch[name] as Float32Array<ArrayBuffer>, noise.get(name)];
    return draw ? { values, shape: noiseShape(draw, batch) } : hostRows(values, batch.count);
  });
}

/** The same on the device; the caller disposes of the tensors. */
export const onDevice = (model: Model, batch: BatchInputs): tf.Tensor[] =>
  hostInputs(model, batch).map(({ values, shape }) => tf.tensor(values, [...shape]));
