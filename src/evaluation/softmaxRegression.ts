import { logSumExp } from "../tensors/hostMath.ts";

/** Latent means of some images with their classes 0 … K − 1. */
export interface Labelled {
  readonly count: number;
  readonly latentDim: number;
  /** [count, d] */
  readonly mean: Float32Array;
  readonly labels: ArrayLike<number>;
}

const MOST_STEPS = 300;

/** Steps without a better log-likelihood of the images that are kept aside, after which the fit stops. */
const PATIENCE = 5;

/** Keeps the matrix of the steps invertible where a dimension is constant. */
const RIDGE = 1e-6;

/**
 * Fits p(c|z) = softmax(W [z, 1]) to nine tenths of some labelled images and keeps the weights that are best on the last
 * tenth. Steps are Newton's with a fixed bound on the Hessian, ½ XᵀX, which need no step size and never go wrong (Böhning
 * 1992, "Multinomial logistic regression algorithm"): W ← W + 2 (XᵀX)⁻¹ Xᵀ(Y − P). Float64, and no random number.
 */
export async function fitSoftmax(
  all: Labelled,
  K: number,
  turn: () => Promise<void>,
): Promise<(z: Float32Array) => number> {
  const { count, labels, latentDim } = all;
  const fitted = Math.max(1, count - Math.floor(count / 10));
  const F = latentDim + 1;
  const features = standardised(all, fitted);
  const X = Array.from({ length: count }, (_, i) =>
    features(all.mean.subarray(i * latentDim, (i + 1) * latentDim)),
  );
  const factor = cholesky(gram(X.slice(0, fitted), F), F);
  let weights = new Float64Array(K * F);
  let best = { weights, logProb: Number.NEGATIVE_INFINITY, step: 0 };
  for (let step = 0; step < MOST_STEPS && step - best.step <= PATIENCE; step++) {
    const gradient = new Float64Array(K * F);
    let logProb = 0;
    for (const [i, x] of X.entries()) {
      await turn();
      const logits = logitsOf(weights, x, K);
      const total = logSumExp(logits);
      if (i >= fitted || fitted === count) logProb += logits[labels[i]!]! - total;
      if (i >= fitted) continue;
      for (let c = 0; c < K; c++) {
        const residual = Number(c === labels[i]) - Math.exp(logits[c]! - total);
        for (let f = 0; f < F; f++) gradient[c * F + f]! += residual * x[f]!;
      }
    }
    if (logProb > best.logProb) best = { weights, logProb, step };
    const next = new Float64Array(K * F);
    for (let c = 0; c < K; c++) {
      const change = solve(factor, gradient.subarray(c * F, (c + 1) * F), F);
      for (let f = 0; f < F; f++) next[c * F + f] = weights[c * F + f]! + 2 * change[f]!;
    }
    weights = next;
  }
  return (z) => {
    const logits = logitsOf(best.weights, features(z), K);
    return logits.indexOf(Math.max(...logits));
  };
}

/** z -> [(z − mean) / deviation, 1], by the first `fitted` images. */
function standardised({ mean, latentDim: d }: Labelled, fitted: number): (z: Float32Array) => Float64Array {
  const center = new Float64Array(d);
  const variance = new Float64Array(d);
  for (let n = 0; n < fitted * d; n++) center[n % d]! += mean[n]! / fitted;
  for (let n = 0; n < fitted * d; n++) variance[n % d]! += (mean[n]! - center[n % d]!) ** 2 / fitted;
  const scale = variance.map((value) => (value > 0 ? 1 / Math.sqrt(value) : 0));
  return (z) => {
    const x = new Float64Array(d + 1).fill(1);
    for (let k = 0; k < d; k++) x[k] = (z[k]! - center[k]!) * scale[k]!;
    return x;
  };
}

/** Of each class, x · W_c. */
function logitsOf(weights: Float64Array, x: Float64Array, K: number): Float64Array {
  const F = x.length;
  const logits = new Float64Array(K);
  for (let c = 0; c < K; c++) for (let f = 0; f < F; f++) logits[c]! += weights[c * F + f]! * x[f]!;
  return logits;
}

/** XᵀX and a little more on its diagonal, [F, F]. */
function gram(X: readonly Float64Array[], F: number): Float64Array {
  const product = new Float64Array(F * F);
  for (let f = 0; f < F; f++) product[f * F + f] = RIDGE * X.length;
  for (const x of X)
    for (let i = 0; i < F; i++) for (let j = 0; j < F; j++) product[i * F + j]! += x[i]! * x[j]!;
  return product;
}

/** The lower L with L Lᵀ = A, [F, F]. */
function cholesky(A: Float64Array, F: number): Float64Array {
  const L = new Float64Array(F * F);
  for (let i = 0; i < F; i++) {
    for (let j = 0; j <= i; j++) {
      let rest = A[i * F + j]!;
      for (let k = 0; k < j; k++) rest -= L[i * F + k]! * L[j * F + k]!;
      L[i * F + j] = i === j ? Math.sqrt(rest) : rest / L[j * F + j]!;
    }
  }
  return L;
}

/** The x with L Lᵀ x = b. */
function solve(L: Float64Array, b: Float64Array, F: number): Float64Array {
  const x = Float64Array.from(b);
  for (let i = 0; i < F; i++) {
    for (let k = 0; k < i; k++) x[i]! -= L[i * F + k]! * x[k]!;
    x[i]! /= L[i * F + i]!;
  }
  for (let i = F - 1; i >= 0; i--) {
    for (let k = i + 1; k < F; k++) x[i]! -= L[k * F + i]! * x[k]!;
    x[i]! /= L[i * F + i]!;
  }
  return x;
}
