import { z } from "zod";
import * as tf from "../tf.ts";
import { defineLikelihood, type Likelihood } from "./likelihood.ts";
import { type MeanFunction, meanFunctions, meanSchema } from "./meanFunction.ts";

const HALF_LOG_TWO_PI = 0.5 * Math.log(2 * Math.PI);

/** Below this a per-pixel σ on 8-bit data describes the rounding, not the image: dequantised bytes have σ ≥ 0.0011. */
const MIN_SIGMA = 1e-3;
const INITIAL_SIGMA = 0.25;

/**
 * `log N(x; μ, σ²) = −(x − μ)² / 2σ² − log σ − ½ log 2π`, the density behind the squared error.
 *
 * With σ fixed, −log p = SSE / 2σ² + D (log σ + ½ log 2π): minimising SSE + β·KL is choosing σ² = β/2.
 * With one learned σ its optimum is the root mean squared residual (Rybkin et al. 2021, "Simple and effective VAE
 * training with calibrated decoders", eq. 5).
 */
export const gaussian = defineLikelihood({
  schema: z
    .strictObject({
      kind: z.literal("gaussian"),
      sigma: z
        .union([z.number().positive(), z.enum(["shared", "perPixel"])])
        .default(0.35)
        .meta({
          description:
            "noise scale σ in units of x: a number keeps it fixed, `shared` learns one σ, `perPixel` lets the decoder give σ(z)",
          flag: "sigma",
        }),
      mean: meanSchema,
    })
    .describe("squared error as a density"),

  formula: ({ sigma }) =>
    `log p(x|z) = -(x - mu(z))^2 / 2 sigma^2 - log sigma - 0.5 log 2 pi, sigma ${
      typeof sigma === "number" ? `= ${sigma}` : sigma === "shared" ? "learned" : "= sigma(z)"
    }`,

  baseMeasure: () => "Lebesgue measure on the real line, pixels scaled to [0, 1]",

  // Constant pixels would drive a σ of their own to 0 and the density to infinity: they need dequantisation.
  pixels: ({ sigma }) => (sigma === "perPixel" ? ["gray-dequantized"] : ["gray", "gray-dequantized"]),

  initialParams({ sigma, mean }, averageImage) {
    const means = averageImage.map(meanFunctions[mean].inverse);
    if (sigma !== "perPixel") return means;
    const rawSigma = Math.log(INITIAL_SIGMA); // far above the floor, where `floored` is the identity
    return Float32Array.from({ length: 2 * means.length }, (_, i) =>
      i % 2 === 0 ? means[i >> 1]! : rawSigma,
    );
  },

  create({ sigma, mean }, createVariable) {
    const meanOf = meanFunctions[mean].apply;
    if (sigma === "perPixel") return perPixelGaussian(meanOf);
    if (sigma === "shared") {
      const logSigma = createVariable("logSigma", Float32Array.of(Math.log(INITIAL_SIGMA)), []);
      return oneSigmaGaussian(meanOf, () => logSigma as tf.Tensor as tf.Scalar);
    }
    return oneSigmaGaussian(meanOf, () => tf.scalar(Math.log(sigma)));
  },
});

function oneSigmaGaussian(meanOf: MeanFunction, logSigma: () => tf.Scalar): Likelihood {
  const mean = (params: tf.Tensor3D) => meanOf(tf.squeeze<tf.Tensor2D>(params, [2])); // [B, D, 1] -> [B, D]
  return {
    paramChannels: 1,
    logProb(params, x) {
      const D = x.shape[1];
      const sse = tf.sum(tf.square(tf.sub(x, mean(params))), 1); // [B, D] -> [B]
      const precision = tf.exp(tf.mul(logSigma(), -2));
      const constant = tf.mul(tf.add(logSigma(), HALF_LOG_TWO_PI), D);
      return tf.sub(tf.mul(sse, tf.mul(precision, -0.5)), constant);
    },
    mean,
    sample(params, random) {
      const mu = mean(params);
      const noise = tf.tensor2d(random.normals(mu.size), mu.shape);
      return tf.add(mu, tf.mul(noise, tf.exp(logSigma())));
    },
    sigma: () => tf.tidy(() => tf.exp(logSigma())),
  };
}

function perPixelGaussian(meanOf: MeanFunction): Likelihood {
  /** [B, D, 2] -> μ [B, D] and log σ [B, D]. */
  const split = (params: tf.Tensor3D) => {
    const [location, raw] = tf.unstack(params, 2) as [tf.Tensor2D, tf.Tensor2D];
    return { mu: meanOf(location), logSigma: floored(raw) };
  };
  return {
    paramChannels: 2,
    logProb(params, x) {
      const { mu, logSigma } = split(params);
      const residual = tf.mul(tf.sub(x, mu), tf.exp(tf.neg(logSigma)));
      const perPixel = tf.add(tf.add(tf.mul(tf.square(residual), 0.5), logSigma), HALF_LOG_TWO_PI);
      return tf.neg(tf.sum(perPixel, 1));
    },
    mean: (params) => split(params).mu,
    sample(params, random) {
      const { mu, logSigma } = split(params);
      return tf.add(mu, tf.mul(tf.tensor2d(random.normals(mu.size), mu.shape), tf.exp(logSigma)));
    },
  };
}

/** `max(raw, log MIN_SIGMA)` made smooth, so that a σ at its floor still has a gradient. */
function floored(raw: tf.Tensor2D): tf.Tensor2D {
  const floor = Math.log(MIN_SIGMA);
  return tf.add(tf.softplus(tf.sub(raw, floor)), floor);
}
