import { z } from "zod";
import * as tf from "../../tensors/tf.ts";
import { diagonalGaussian } from "./diagonalGaussian.ts";
import type { Posterior, PosteriorFamily } from "./distribution.ts";
import { REAL_LINE } from "./normal.ts";

const schema = z
  .strictObject({
    kind: z.literal("planarFlow"),
    layers: z
      .int()
      .min(1)
      .max(1000)
      .default(8)
      .meta({ description: "planar maps that a draw goes through, each with parameters from the encoder" }),
  })
  .describe("independent normals through planar maps, a normalising flow");

/**
 * z = f_T ∘ … ∘ f_1(z₀), z₀ ~ N(mean, diag exp(logVar)), f(z) = z + û tanh(w·z + b), where the encoder gives mean, logVar
 * and each u, w and b (Rezende and Mohamed 2015, "Variational inference with normalizing flows", eq. 10 to 13). Each map
 * bends space along one direction: log q(z) = log q₀(z₀) − Σ_t log(1 + (w·û)(1 − tanh²(w·z + b))).
 */
export const planarFlowPosterior: PosteriorFamily<typeof schema> = {
  schema,
  paramCount: ({ layers }, d) => 2 * d + layers * (2 * d + 1),
  of(config, encoded) {
    const { layers: T } = config;
    const [N, width] = encoded.shape;
    const d = (width - T) / (2 + 2 * T);
    const sizes = [d, d, ...Array.from({ length: T }, () => [d, d, 1]).flat()];
    const [mean, logVar, ...flow] = tf.split(encoded, sizes, 1) as tf.Tensor2D[]; // [N, width] -> [N, d], [N, d], …
    const base = diagonalGaussian(mean!, logVar!);
    const maps = Array.from({ length: T }, (_, t) =>
      planarMap(flow[3 * t]!, flow[3 * t + 1]!, flow[3 * t + 2]!),
    );
    /** Of the draws of this posterior, which are made with it: a way back from z is not needed then. */
    const known = new WeakMap<tf.Tensor, tf.Tensor1D>();

    const forward: Posterior["sampleAndLogProb"] = (noise) => {
      const start = base.sampleAndLogProb(noise);
      const { z, logProb } = maps.reduce(({ z, logProb }, map) => {
        const { image, logDet } = map.forward(z);
        return { z: image, logProb: tf.sub<tf.Tensor1D>(logProb, logDet) };
      }, start);
      known.set(z, logProb);
      return { z, logProb };
    };
    const logProb = (z: tf.Tensor2D): tf.Tensor1D => {
      const drawn = known.get(z);
      if (drawn && !drawn.isDisposed) return drawn;
      const start = maps.reduceRight<{ z: tf.Tensor2D; logDet: tf.Tensor }>(
        ({ z, logDet }, map) => {
          const { origin, logDet: more } = map.inverse(z);
          return { z: origin, logDet: tf.add(logDet, more) };
        },
        { z, logDet: tf.scalar(0) },
      );
      return tf.sub(base.logProb(start.z), start.logDet);
    };
    return {
      kind: "planarFlow",
      support: REAL_LINE,
      params: base.params,
      mean: () => maps.reduce((z, map) => map.forward(z).image, mean!),
      rsample: (noise) => forward(noise).z,
      logProb,
      sampleAndLogProb: forward,
      pairwiseLogProb(z) {
        const M = z.shape[0];
        const points = tf.reshape<tf.Rank.R2>(tf.tile(tf.expandDims(z, 1), [1, N, 1]), [M * N, d]);
        const all = planarFlowPosterior.of(config, tf.tile(encoded, [M, 1]));
        return tf.reshape(all.logProb(points), [M, N]);
      },
    };
  },
};

interface PlanarMap {
  /** f(z) and log|det df/dz|, [N, d] and [N]. */
  forward(z: tf.Tensor2D): { readonly image: tf.Tensor2D; readonly logDet: tf.Tensor1D };
  /** f⁻¹(z) and log|det df/dz| there. */
  inverse(z: tf.Tensor2D): { readonly origin: tf.Tensor2D; readonly logDet: tf.Tensor1D };
}

/** f(z) = z + û tanh(w·z + b) of each row, u and w [N, d], b [N, 1]. */
function planarMap(u: tf.Tensor2D, w: tf.Tensor2D, b: tf.Tensor2D): PlanarMap {
  const dot = (x: tf.Tensor2D, y: tf.Tensor2D): tf.Tensor2D => tf.sum(tf.mul(x, y), 1, true);
  const wu = dot(w, u);
  const correction = tf.div<tf.Tensor2D>(tf.sub(aboveMinusOne(wu), wu), tf.add(dot(w, w), TINY));
  const uHat = tf.add<tf.Tensor2D>(u, tf.mul(correction, w));
  const slope = dot(w, uHat); // [N, 1]
  const moved = (z: tf.Tensor2D, by: 1 | -1, tanh: tf.Tensor2D): tf.Tensor2D =>
    tf.add(z, tf.mul(tf.mul(uHat, tanh), by));
  const logDetAt = (tanh: tf.Tensor2D): tf.Tensor1D =>
    tf.squeeze(tf.log(tf.add(tf.mul(slope, tf.sub(1, tf.square(tanh))), 1)), [1]);
  return {
    forward(z) {
      const tanh = tf.tanh(tf.add<tf.Tensor2D>(dot(w, z), b));
      return { image: moved(z, 1, tanh), logDet: logDetAt(tanh) };
    },
    inverse(z) {
      const tanh = tf.tanh(solve(tf.add(dot(w, z), b), slope));
      return { origin: moved(z, -1, tanh), logDet: logDetAt(tanh) };
    },
  };
}

/**
 * m(x) > −1 increasing, such that f is invertible when w·û = m(w·u) (appendix A.1, there −1 + softplus(x)): shifted here
 * so that m(0) = 0, by which u = 0 is the identity and û stays finite as w vanishes, as it does for a black image; and kept
 * from −1 by so much that the determinant does not round to 0.
 */
const aboveMinusOne = (x: tf.Tensor2D): tf.Tensor2D =>
  tf.mul(tf.sub(tf.softplus(tf.add(x, Math.log(Math.E - 1))), 1), 1 - 1e-3);

const TINY = 1e-12;

/** Halvings of the interval, ±c, that the solution is in: enough for a float32. */
const HALVINGS = 30;

/**
 * The a with a + c tanh(a) = y, for c > −1, where the left side is increasing. Bisection, as Newton's method may run away
 * where it is nearly flat; the gradient is that of the implicit function.
 */
function solve(y: tf.Tensor2D, c: tf.Tensor2D): tf.Tensor2D {
  const op = tf.customGrad((...args) => {
    const [y, c, save] = args as unknown as [tf.Tensor2D, tf.Tensor2D, (tensors: tf.Tensor[]) => void];
    const width = tf.abs(c);
    let a = y;
    for (let i = 1; i <= HALVINGS; i++) {
      const below = tf.sub(tf.sub(y, a), tf.mul(c, tf.tanh(a)));
      a = tf.add(a, tf.mul(tf.mul(width, 2 ** -i), tf.sign(below)));
    }
    save([a, c]);
    return {
      value: a,
      gradFunc: (dy: tf.Tensor, saved: tf.Tensor[]) => {
        const [a, c] = saved as [tf.Tensor2D, tf.Tensor2D];
        const tanh = tf.tanh(a);
        const ofY = tf.div(dy, tf.add(tf.mul(c, tf.sub(1, tf.square(tanh))), 1));
        return [ofY, tf.neg(tf.mul(ofY, tanh))];
      },
    };
  });
  return op(y, c) as tf.Tensor2D;
}
