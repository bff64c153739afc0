import { CholeskyDecomposition, Matrix } from "ml-matrix";
import type { PixelCoding } from "../data/codings.ts";
import type { Split } from "../data/dataset.ts";
import { fieldSize } from "../data/field.ts";
import type { DiagonalGaussian } from "../model/distributions/diagonalGaussian.ts";
import type { ModelConfig } from "../model/index.ts";
import { inputsByName } from "../model/inputs.ts";
import type { LikelihoodConfig } from "../model/likelihoods/index.ts";
import { hasLatents } from "../model/vae.ts";
import * as tf from "../tensors/tf.ts";
import { estimateElbo } from "./bounds.ts";
import type { LatentRunner } from "./encodings.ts";
import { LOG_TWO_PI, logDeterminant } from "./exactLinear.ts";
import { estimateNll } from "./importance.ts";
import { evaluatePasses } from "./passes.ts";
import { readSigma } from "./readSigma.ts";
import type { Pass, Runner } from "./runner.ts";
import { meanOf } from "./statistics.ts";

/** Draws of z for each image. */
const DRAWS = { elbo: 100, logProb: 1000 };

/** log p(x) = ELBO + KL(q(z|x) ‖ p(z|x)) of one image, in nats. */
export interface LatentIdentity {
  /** log N(x; b, W Wᵀ + σ²I), exact. */
  readonly logProb: number;
  /** E_q[log p(x|z)] − KL(q ‖ p(z)), in closed form. */
  readonly elbo: number;
  /** KL(q(z|x) ‖ p(z|x)), in closed form. */
  readonly gap: number;
  /** The bound as the mean over draws of z, and log of the mean of importance weights. */
  readonly elboEstimate: number;
  readonly logProbEstimate: number;
}

export interface ExactLatents {
  readonly images: readonly LatentIdentity[];
  /** Of all of them. */
  readonly mean: LatentIdentity;
  readonly draws: typeof DRAWS;
  /** The part of the error of the mean estimates that other draws would change. */
  readonly drawErrors: { readonly elbo: number; readonly logProb: number };
  readonly sigma: number;
  readonly latentDim: number;
}

/** Whether a VAE is linear throughout, with a Gaussian of one σ: probabilistic PCA, of which all is known. */
export function isLinearVae(
  runner: Runner,
  { model, likelihood }: { readonly model: ModelConfig; readonly likelihood: LikelihoodConfig },
): runner is LatentRunner {
  return (
    hasLatents(runner.model) &&
    !runner.model.given &&
    model.kind === "vae" &&
    model.network.kind === "mlp" &&
    model.network.hidden.length === 0 &&
    model.posterior.kind === "diagonalGaussian" &&
    model.prior.kind === "standardNormal" &&
    likelihood.kind === "gaussian" &&
    likelihood.mean === "linear" &&
    likelihood.sigma !== "perPixel"
  );
}

/**
 * x = W z + b + N(0, σ²I) with z ~ N(0, I): p(x) = N(b, W Wᵀ + σ²I) and p(z|x) = N(M⁻¹Wᵀ(x − b), σ²M⁻¹), M = WᵀW + σ²I (Tipping and
 * Bishop 1999, "Probabilistic principal component analysis", eq. 4 to 8). In float64, from the weights as they are.
 */
export async function assessLatents(
  runner: LatentRunner,
  set: Split,
  coding: PixelCoding,
): Promise<ExactLatents> {
  const { latentDim } = runner.model;
  const decoder = await decoderOf(runner);
  const closed: Omit<LatentIdentity, "elboEstimate" | "logProbEstimate">[] = [];
  const identity = identityOf(decoder);
  for await (const { x, count, values } of evaluatePasses(runner, set, coding, posteriorPass)) {
    const [mean, logVar] = values as [Float32Array, Float32Array];
    const D = x.length / count;
    const row = (values: Float32Array, i: number, size: number) => [
      ...values.subarray(i * size, (i + 1) * size),
    ];
    for (let i = 0; i < count; i++) {
      closed.push(
        identity(row(x, i, D), {
          mean: row(mean, i, latentDim),
          variance: row(logVar, i, latentDim).map(Math.exp),
        }),
      );
    }
  }
  const bound = await estimateElbo(runner, set, coding, { samples: DRAWS.elbo });
  const weighed = await estimateNll(runner, set, coding, { k: DRAWS.logProb });
  const images = closed.map((of, i) => ({
    ...of,
    elboEstimate: -bound.perImage[i]!,
    logProbEstimate: -weighed.perImage[i]!,
  }));
  const mean = (key: keyof LatentIdentity) => meanOf(images.map((image) => image[key]));
  return {
    images,
    mean: {
      logProb: mean("logProb"),
      elbo: mean("elbo"),
      gap: mean("gap"),
      elboEstimate: mean("elboEstimate"),
      logProbEstimate: mean("logProbEstimate"),
    },
    draws: DRAWS,
    drawErrors: { elbo: bound.drawError ?? 0, logProb: weighed.nllDrawError ?? 0 },
    sigma: decoder.sigma,
    latentDim,
  };
}

const posteriorPass: Pass = (model, inputs) => {
  const x = inputsByName(model, inputs)["x"] as tf.Tensor2D;
  const { params } = (model as LatentRunner["model"]).encode(x) as DiagonalGaussian; // as `isLinearVae` has it
  return [params.mean, params.logVar];
};

interface LinearDecoder {
  /** Wᵀ, [d, D]; b, [D]. */
  readonly W: Matrix;
  readonly b: readonly number[];
  readonly sigma: number;
}

/** Reads W and b off the decoder: its values at 0 and at each unit vector. */
async function decoderOf({ model }: LatentRunner): Promise<LinearDecoder> {
  const { latentDim: d } = model;
  const D = fieldSize(model.target);
  const points = new Float32Array((d + 1) * d);
  for (let i = 0; i < d; i++) points[(i + 1) * d + i] = 1;
  const decoded = tf.tidy(() => {
    return model.likelihood.mean(model.decode(tf.tensor2d(points, [d + 1, d])));
  });
  const values = Array.from(await decoded.data());
  decoded.dispose();
  const b = values.slice(0, D);
  const W = Matrix.from1DArray(d, D, values.slice(D)).subRowVector(b);
  const { sigma } = await readSigma(model);
  return { W, b, sigma: sigma! };
}

/** The three numbers of one image from its x and q(z|x). */
function identityOf({ W, b, sigma }: LinearDecoder) {
  const [d, D] = [W.rows, W.columns];
  const variance = sigma ** 2;
  const gram = W.mmul(W.transpose());
  const M = Matrix.add(gram, Matrix.eye(d).mul(variance));
  const cholesky = new CholeskyDecomposition(M);
  const logDetM = logDeterminant(M);
  const logDetX = (D - d) * Math.log(variance) + logDetM;
  const logDetPrecision = logDetM - d * Math.log(variance);
  return (x: readonly number[], q: { mean: readonly number[]; variance: readonly number[] }) => {
    const r = Matrix.columnVector(x.map((value, i) => value - b[i]!));
    const projected = W.mmul(r);
    const center = cholesky.solve(projected);
    const squares = sumOfSquares(r);
    const logProb =
      -0.5 * (D * LOG_TWO_PI + logDetX + (squares - center.transpose().mmul(projected).get(0, 0)) / variance);
    const mean = Matrix.columnVector([...q.mean]);
    const left = Matrix.sub(r, W.transpose().mmul(mean));
    const spread = q.variance.reduce((sum, v, i) => sum + v * gram.get(i, i), 0);
    const distortion =
      0.5 * (D * (LOG_TWO_PI + Math.log(variance)) + (sumOfSquares(left) + spread) / variance);
    const logVariances = q.variance.reduce((sum, v) => sum + Math.log(v), 0);
    const rate = 0.5 * (q.variance.reduce((a, v) => a + v, 0) + sumOfSquares(mean) - d - logVariances);
    const distance = Matrix.sub(mean, center);
    const trace = q.variance.reduce((sum, v, i) => sum + v * M.get(i, i), 0);
    const gap =
      0.5 *
      ((trace + distance.transpose().mmul(M).mmul(distance).get(0, 0)) / variance -
        d -
        logDetPrecision -
        logVariances);
    return { logProb, elbo: -(distortion + rate), gap };
  };
}

const sumOfSquares = (vector: Matrix) => vector.to1DArray().reduce((sum, value) => sum + value ** 2, 0);
