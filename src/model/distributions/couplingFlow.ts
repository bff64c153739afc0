import { z } from "zod";
import { VaeError } from "../../base/errors.ts";
import { createWeights } from "../../tensors/parameters.ts";
import * as tf from "../../tensors/tf.ts";
import { startingAsNothing } from "../networks/layers.ts";
import type { Network } from "../networks/network.ts";
import { weightsIn } from "../networks/size.ts";
import type { Prior, PriorFamily } from "./distribution.ts";
import { logStandardNormal, REAL_LINE } from "./normal.ts";

const schema = z
  .strictObject({
    kind: z.literal("couplingFlow"),
    layers: z.int().min(1).max(100).default(4).meta({
      description: "affine couplings, each of which moves one half of z by what the other half says",
    }),
    hidden: z
      .array(z.int().positive())
      .max(100)
      .default([64])
      .meta({ description: "widths of the hidden layers of each coupling's network" }),
  })
  .describe("N(0, I) through affine couplings learned with the model, a normalising flow");

/**
 * z = f_L ∘ … ∘ f_1(ε), ε ~ N(0, I), where each f keeps one half of its input and moves the other, y₂ = x₂ ⊙ exp(s(x₁)) +
 * t(x₁), the halves in turn; s and t are a small network's (Dinh et al. 2017, "Density estimation using Real NVP", eq. 7 and
 * 8). log p(z) = log N(ε; 0, I) − Σ s, at the ε that z comes from. It starts as N(0, I).
 */
export const couplingFlow: PriorFamily<typeof schema, Prior> = {
  schema,
  size(config, { latentDim }) {
    const networks = couplings(config, latentDim).map(({ network }) => network);
    return {
      weights: weightsIn(networks),
      kept: networks.reduce((sum, { kept }) => sum + kept, latentDim),
    };
  },
  create(config, { latentDim, createVariable, random }): Prior {
    if (latentDim < 2) {
      throw new VaeError(
        "usage",
        `model.prior.kind is couplingFlow, which moves one half of z by the other, and model.latentDim is ${latentDim}. ` +
          "It takes 2 or more; for one dimension there is gaussianMixture.",
      );
    }
    const layers = couplings(config, latentDim).map(({ name, network, ...coupling }) => {
      const weights = createWeights(network.weights, random.fork(name), (own, ...rest) =>
        createVariable(`${name}.${own}`, ...rest),
      );
      return affineCoupling((x) => network.apply(weights, x), coupling);
    });
    const toZ = (noise: tf.Tensor2D) => layers.reduce((x, layer) => layer.forward(x), noise);
    return {
      kind: "couplingFlow",
      support: REAL_LINE,
      logProb(z) {
        const { x, logScales } = layers.reduceRight<{ x: tf.Tensor2D; logScales: tf.Tensor1D[] }>(
          ({ x, logScales }, layer) => {
            const origin = layer.inverse(x);
            return { x: origin.x, logScales: [...logScales, origin.logDet] };
          },
          { x: z, logScales: [] },
        );
        return tf.sub(tf.sum(logStandardNormal(x), 1), tf.addN(logScales));
      },
      mean: () => tf.squeeze(toZ(tf.zeros([1, latentDim])), [0]),
      sample: (count, random) => toZ(tf.tensor2d(random.normals(count * latentDim), [count, latentDim])),
    };
  },
};

/** Which half a coupling moves, and how many numbers both have. */
interface Halves {
  readonly sizes: readonly [first: number, second: number];
  readonly moves: "first" | "second";
}

interface Coupling extends Halves {
  readonly name: string;
  /** [N, kept half] -> [N, 2 · moved half], log-scales before their bound, then shifts. */
  readonly network: Network<tf.Tensor2D, tf.Tensor2D>;
}

/** The couplings of a flow, which move the halves in turn. */
function couplings({ layers, hidden }: z.infer<typeof schema>, latentDim: number): Coupling[] {
  const first = Math.floor(latentDim / 2);
  const sizes = [first, latentDim - first] as const;
  return Array.from({ length: layers }, (_, i) => {
    const moves = i % 2 === 0 ? "second" : "first";
    const [from, to] = moves === "second" ? sizes : ([sizes[1], sizes[0]] as const);
    return { name: `coupling${i}`, sizes, moves, network: startingAsNothing([from, ...hidden], 2 * to) };
  });
}

/** log-scales are kept within ±this by a tanh: one step too far would otherwise overflow exp. */
const BOUND = 3;

/** y₂ = x₂ ⊙ exp(s(x₁)) + t(x₁) and its inverse, [N, d] -> [N, d]. */
function affineCoupling(network: (x: tf.Tensor2D) => tf.Tensor2D, { sizes, moves }: Halves) {
  const split = (x: tf.Tensor2D) => {
    const [first, second] = tf.split(x, [...sizes], 1) as [tf.Tensor2D, tf.Tensor2D];
    const [kept, moved] = moves === "second" ? [first, second] : [second, first];
    const [raw, shift] = tf.split(network(kept), 2, 1) as [tf.Tensor2D, tf.Tensor2D];
    return { kept, moved, logScale: tf.mul(tf.tanh(tf.div(raw, BOUND)), BOUND) as tf.Tensor2D, shift };
  };
  const join = (kept: tf.Tensor2D, moved: tf.Tensor2D): tf.Tensor2D =>
    tf.concat(moves === "second" ? [kept, moved] : [moved, kept], 1);
  return {
    forward(x: tf.Tensor2D): tf.Tensor2D {
      const { kept, moved, logScale, shift } = split(x);
      return join(kept, tf.add(tf.mul(moved, tf.exp(logScale)), shift));
    },
    /** The x that y is of, and log|det dy/dx| there, [N]. */
    inverse(y: tf.Tensor2D): { x: tf.Tensor2D; logDet: tf.Tensor1D } {
      const { kept, moved, logScale, shift } = split(y);
      const x = join(kept, tf.mul(tf.sub(moved, shift), tf.exp(tf.neg(logScale))));
      return { x, logDet: tf.sum(logScale, 1) };
    },
  };
}
