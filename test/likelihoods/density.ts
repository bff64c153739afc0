import { likelihoods } from "../../src/model/likelihoods/index.ts";
import type { Density } from "../../src/model/likelihoods/likelihood.ts";
import { Parameters } from "../../src/tensors/parameters.ts";
import * as tf from "../../src/tensors/tf.ts";
import { quadrature } from "./quadrature.ts";
import type { Row } from "./rows.ts";

export function build({ config }: Row) {
  const parameters = new Parameters();
  const family = likelihoods.of(config);
  const density = family.create(config, parameters.scope("likelihood"));
  if (density.kindOf !== "density") throw new Error(`${config.kind} is no density`);
  return { family, density, parameters };
}

/** The parameters of one value at each of the places [B, D]. */
export const repeated = (params: readonly number[], B: number, D: number) =>
  tf.tile(tf.tensor3d(params.slice(), [1, 1, params.length]), [B, D, 1]);

/** log p at one pixel for many x at the same parameters: one "image" each. */
export function logProbs(density: Density, params: readonly number[], xs: readonly number[]): number[] {
  const result = tf.tidy(() =>
    density.logProb(repeated(params, xs.length, 1), tf.tensor2d(xs.slice(), [xs.length, 1])).dataSync(),
  );
  return Array.from(result);
}

/** d log p(x) / d params at one pixel; `dy` other than 1 shows a custom gradient that forgets it. */
export function gradient(density: Density, params: readonly number[], x: number, dy = -0.5): number[] {
  const logProb = (p: tf.Tensor) =>
    tf.mul(tf.sum(density.logProb(p as tf.Tensor3D, tf.tensor2d([[x]]))), dy) as tf.Scalar;
  const result = tf.tidy(() =>
    tf
      .grad(logProb)(repeated(params, 1, 1))
      .dataSync(),
  );
  return Array.from(result, (g) => g / dy);
}

/** The same from the density in float64, by central differences. */
export async function differences(density: Density, params: readonly number[], x: number): Promise<number[]> {
  const onHost = await density.onHost();
  const STEP = 1e-5;
  return params.map((p, i) => {
    const at = (value: number) => onHost(params.with(i, value)).logProb(x);
    return (at(p + STEP) - at(p - STEP)) / (2 * STEP);
  });
}

/** Points x with weights: Σ weight · f(x) is a sum over all values, or an integral. */
export const points = ({ support }: Row) =>
  "values" in support ? support.values.map((x) => ({ x, weight: 1 })) : quadrature(support.breaks);

/** Some x at which the density is smooth in its parameters. */
export const someX = ({ support, logProb }: Row) =>
  "values" in support ? logProb.map(([x]) => x) : [0.1, 0.9, 0.41];
