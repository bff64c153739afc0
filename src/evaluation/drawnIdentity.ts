import { CholeskyDecomposition, Matrix } from "ml-matrix";
import type { Split } from "../data/dataset.ts";
import { RandomStream } from "../tensors/random.ts";
import { estimateElbo } from "./bounds.ts";
import { designOf, type ExactPosterior, LOG_TWO_PI, logDeterminant } from "./exactLinear.ts";
import { EVALUATION_SEED } from "./inputs.ts";
import type { BnnRunner } from "./rowPredictions.ts";
import { type Estimate, estimateOf } from "./statistics.ts";

/** Draws of the weights for each row, for the bound as training estimates it. */
const DRAWS_OF_BOUND = 100;

/** Draws of all weights together, for the other two. */
const DRAWS = 2000;

/** The three numbers of log p(D) = ELBO + KL(q ‖ p(w|D)) from draws w ~ q(w), in nats, for all rows together. */
export interface DrawnIdentity {
  /** E_q[log p(D|w)] by the draws that the loss is made of, less the KL: what training sees. */
  readonly elbo: Estimate;
  readonly elboDraws: number;
  /** log of the mean of p(D|w) p(w) / q(w). */
  readonly logEvidence: Estimate;
  /** The mean of log q(w) − log p(w|D). */
  readonly gap: Estimate;
  readonly draws: number;
  /** (Σ w)² / Σ w² of the weights: how many draws from the posterior itself they are worth. */
  readonly effectiveSampleSize: number;
}

/** Estimates them beside the closed forms: the bound on the device, the others in float64. */
export async function drawIdentity(
  runner: BnnRunner,
  train: Split,
  posterior: ExactPosterior,
): Promise<DrawnIdentity> {
  const N = train.count;
  const bound = await estimateElbo(runner, train, "gray", { samples: DRAWS_OF_BOUND });
  const { logWeights, gaps } = drawWeights(runner, train, posterior);
  return {
    elbo: { mean: -N * (bound.distortion + bound.rate), standardError: N * (bound.drawError ?? 0) },
    elboDraws: bound.samples,
    ...logMean(logWeights),
    gap: estimateOf(gaps),
    draws: DRAWS,
  };
}

/** Of each draw log p(D|w) + log p(w) − log q(w), and log q(w) − log p(w|D). */
function drawWeights({ model }: BnnRunner, train: Split, { of, exact }: ExactPosterior) {
  const { sigma, deviation, priorVariances, mean, covariance } = of;
  const { features, targets } = designOf(train, model);
  const y = Matrix.columnVector(targets);
  const transposed = features.transpose();
  const gram = transposed.mmul(features);
  const moments = transposed.mmul(y);
  const squares = targets.reduce((sum, value) => sum + value ** 2, 0);
  const N = train.count;
  const logLikelihood = (w: Matrix) =>
    -0.5 *
      (N * (LOG_TWO_PI + 2 * Math.log(sigma)) +
        (squares - 2 * dot(w, moments) + dot(w, gram.mmul(w))) / sigma ** 2) -
    N * Math.log(deviation);
  const logPrior = logNormal(
    Matrix.zeros(mean.length, 1),
    Matrix.diag(priorVariances.map((variance) => 1 / variance)),
  );
  const logPosterior = logNormal(Matrix.columnVector([...exact.mean]), exact.precision);
  const L = new CholeskyDecomposition(covariance).lowerTriangularMatrix;
  const center = Matrix.columnVector([...mean]);
  const logDiagonal = L.diagonal().reduce((sum, value) => sum + Math.log(value), 0);
  const random = new RandomStream(EVALUATION_SEED).fork("posterior");
  const logWeights = new Float64Array(DRAWS);
  const gaps = new Float64Array(DRAWS);
  for (let s = 0; s < DRAWS; s++) {
    const noise = Matrix.columnVector(Array.from(random.normals(mean.length)));
    const w = L.mmul(noise).add(center);
    const logQ = -0.5 * (mean.length * LOG_TWO_PI + dot(noise, noise)) - logDiagonal;
    logWeights[s] = logLikelihood(w) + logPrior(w) - logQ;
    gaps[s] = logQ - logPosterior(w);
  }
  return { logWeights, gaps };
}

const dot = (a: Matrix, b: Matrix) => a.transpose().mmul(b).get(0, 0);

/** log N(w; m, P⁻¹) as a function of w. */
function logNormal(mean: Matrix, precision: Matrix): (w: Matrix) => number {
  const logDet = logDeterminant(precision);
  return (w) => {
    const distance = Matrix.sub(w, mean);
    return 0.5 * (logDet - w.rows * LOG_TWO_PI - dot(distance, precision.mmul(distance)));
  };
}

/** The logarithm of a mean of weights given by their logarithms, with the error of the delta method. */
function logMean(logWeights: Float64Array): Pick<DrawnIdentity, "logEvidence" | "effectiveSampleSize"> {
  const most = logWeights.reduce((a, b) => Math.max(a, b));
  const weights = logWeights.map((value) => Math.exp(value - most));
  const { mean, standardError } = estimateOf(weights);
  const squares = weights.reduce((sum, weight) => sum + weight ** 2, 0);
  return {
    logEvidence: { mean: most + Math.log(mean), standardError: standardError / mean },
    effectiveSampleSize: (weights.length * mean) ** 2 / squares,
  };
}
