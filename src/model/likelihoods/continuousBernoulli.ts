import { z } from "zod";
import * as stable from "../../tensors/deviceMath.ts";
import { interior, langevin, log1mExp, logSinhc, solveIncreasing } from "../../tensors/hostMath.ts";
import * as tf from "../../tensors/tf.ts";
import { crossEntropies } from "./bernoulli.ts";
import { defineLikelihood } from "./likelihood.ts";
import { IntervalDistribution } from "./pixelDistribution.ts";

/**
 * `log p(x) = x·l − log((eˡ − 1) / l)` on [0, 1] with logits l: cross-entropy with the constant that makes it a density
 * for grey pixels (Loaiza-Ganem and Cunningham 2019, "The continuous Bernoulli", section 3, λ = sigmoid(l)).
 *
 * Seen from the middle of the interval the normaliser is even: log((eˡ − 1) / l) = l/2 + log(sinh(l/2) / (l/2)). So
 * log p = l (x − ½) − logSinhc(l/2) and E[x] = ½ + ½ (coth(l/2) − 2/l), both smooth at l = 0 and finite for any l.
 */
export const continuousBernoulli = defineLikelihood({
  schema: z.strictObject({ kind: z.literal("continuous-bernoulli") }),
  kindOf: "density",
  words: {
    summary: "cross-entropy with its normaliser, a density for grey pixels in [0, 1]",
    formula: "x log λ + (1 − x) log(1 − λ) + log C(λ), x ∈ [0, 1]",
    familiar: "binary cross-entropy (BCE) and its normaliser",
  },
  settings: () => "",
  // Pixels that are always exactly 0 or 1 would drive |l| and the density to infinity: they need dequantisation.
  support: () => ({ set: "unit interval", canDiverge: true }),
  initialParams: (_config, averageImage) => averageImage.map(logitOfMean),
  create: () => ({
    kindOf: "density",
    hasScale: false,
    paramChannels: 1,
    logProb(params, x) {
      const logits = tf.squeeze<tf.Tensor2D>(params, [2]);
      const logNormaliser = stable.logSinhc(tf.mul(logits, 0.5));
      return tf.sum(tf.sub(tf.mul(logits, tf.sub(x, 0.5)), logNormaliser), 1);
    },
    terms(params, x) {
      const logits = tf.squeeze<tf.Tensor2D>(params, [2]);
      // log((eˡ − 1) / l) − softplus(l): what is left of the normaliser when cross-entropy has taken its share.
      const half = tf.mul(logits, 0.5);
      const rest = tf.sub<tf.Tensor2D>(tf.add(half, stable.logSinhc(half)), tf.softplus(logits));
      return { crossEntropy: crossEntropies(logits, x), normaliser: rest };
    },
    mean: (params) => tf.add(0.5, tf.mul(stable.langevin(tf.mul(tf.squeeze(params, [2]), 0.5)), 0.5)),
    sample(params, random) {
      const logits = tf.squeeze<tf.Tensor2D>(params, [2]);
      return inverseCdf(logits, tf.tensor2d(random.uniforms(logits.size), logits.shape));
    },
    onHost: async () => (params) => new ContinuousBernoulli(params[0]!),
  }),
});

/** Below this |l| the density is so flat that a draw is u to first order in l, with an error below 1e-5. */
const FLAT = 0.01;

/**
 * x = 1 + log(u + (1 − u) e^−l) / l for l > 0, and by reflection for l < 0, so that the exponent never overflows.
 * logits [B, D], u uniform on [0, 1] [B, D] -> [B, D].
 */
function inverseCdf(logits: tf.Tensor2D, u: tf.Tensor2D): tf.Tensor2D {
  const magnitude = tf.abs(logits);
  const l = tf.maximum(magnitude, FLAT);
  const rest = tf.sub(1, u);
  const steep = tf.add(1, tf.div(tf.log(tf.add(u, tf.mul(rest, tf.exp(tf.neg(l))))), l));
  const flat = tf.add(u, tf.mul(tf.mul(u, rest), tf.mul(magnitude, 0.5)));
  const x = tf.where(tf.less(magnitude, FLAT), flat, steep) as tf.Tensor2D;
  return tf.clipByValue(tf.where(tf.less(logits, 0), tf.sub(1, x), x) as tf.Tensor2D, 0, 1);
}

class ContinuousBernoulli extends IntervalDistribution {
  readonly #logit: number;

  constructor(logit: number) {
    super();
    this.#logit = logit;
  }

  get mean() {
    return mean(this.#logit);
  }

  get variance() {
    const l = this.#logit;
    if (Math.abs(l) < 0.1) return 1 / 12 - l ** 2 / 240 + l ** 4 / 6048;
    return 1 / l ** 2 - 1 / (4 * Math.sinh(l / 2) ** 2);
  }

  logProb(x: number) {
    if (x < 0 || x > 1) return Number.NEGATIVE_INFINITY;
    return this.#logit * (x - 0.5) - logSinhc(this.#logit / 2);
  }

  logIntervalProb(a: number, b: number) {
    const [from, to] = [Math.max(0, a), Math.min(1, b)];
    if (!(from < to)) return Number.NEGATIVE_INFINITY;
    if (this.#logit === 0) return Math.log(to - from);
    // ∫ l e^{lx} / (eˡ − 1) dx, written from the end where the density is highest.
    const l = Math.abs(this.#logit);
    const toPeak = this.#logit > 0 ? 1 - to : from;
    return -l * toPeak + log1mExp(l * (to - from)) - log1mExp(l);
  }
}

const mean = (logit: number) => 0.5 + 0.5 * langevin(logit / 2);

/** The logit at which the mean is `m`, bounded so that a pixel that is always black starts with a finite one. */
const logitOfMean = (m: number) => solveIncreasing(mean, interior(m), -2000, 2000);
