import { logSumExp } from "../tensors/hostMath.ts";

/** Latent means of some images with their classes 0 … K − 1. */
export interface Labelled {
  readonly count: number;
  readonly latentDim: number;
  /** [count, d] */
  readonly mean: Float32Array;
  readonly labels: ArrayLike<number>;
}

const MOST_STEPS = 100;

/** Steps without a better log-likelihood of the images that are kept aside, after which the fit stops. */
const PATIENCE = 5;

/** Keeps the matrix of the steps invertible where a dimension is constant. */
const RIDGE = 1e-6;

/**
 * Fits p(c|z) = softmax(W [z, 1]) to nine tenths of some labelled images and keeps the weights that are best on the last
 * tenth. Steps are Newton's with a fixed bound on the Hessian, ½ XᵀX, which need no step size (Böhning 1992, "Multinomial
 * logistic regression algorithm"): W ← W + 2 (XᵀX)⁻¹ Xᵀ(Y − P), with Nesterov's momentum. Float64, and no random number.
 */
export async function fitSoftmax(
  all: Labelled,
  K: number,
  turn: () => Promise<void>,
): Promise<(z: Float32Array) => number> {
  const { count, labels, latentDim: d } = all;
  const fitted = Math.max(1, count - Math.floor(count / 10));
  const F = d + 1;
  const features = standardised(all, fitted);
  const X = Array.from({ length: count }, (_, i) => features(all.mean.subarray(i * d, (i + 1) * d)));
  const factor = cholesky(gram(X.slice(0, fitted), F), F);
  const logits = new Float64Array(K);
  /** The log-likelihood of the images kept aside, and of the others its gradient. */
  const look = (weights: Float64Array) => {
    const gradient = new Float64Array(K * F);
    let logProb = 0;
    for (const [i, x] of X.entries()) {
      setLogits(logits, weights, x);
      const total = logSumExp(logits);
      if (i >= fitted || fitted === count) logProb += logits[labels[i]!]! - total;
      if (i >= fitted) continue;
      for (let c = 0; c < K; c++) {
        const residual = Number(c === labels[i]) - Math.exp(logits[c]! - total);
        for (let f = 0; f < F; f++) gradient[c * F + f]! += residual * x[f]!;
      }
    }
    return { logProb, gradient };
  };
  let point = new Float64Array(K * F);
  let last = point;
  let best = { weights: point, logProb: Number.NEGATIVE_INFINITY, step: 0 };
  for (let step = 0; step < MOST_STEPS && step - best.step <= PATIENCE; step++) {
    await turn();
    const { logProb, gradient } = look(point);
    if (logProb > best.logProb) best = { weights: point, logProb, step };
    for (let c = 0; c < K; c++) solve(factor, gradient.subarray(c * F, (c + 1) * F));
    const next = point.map((weight, n) => weight + 2 * gradient[n]!);
    const momentum = step / (step + 3);
    point = next.map((weight, n) => weight + momentum * (weight - last[n]!));
    last = next;
  }
  return (z) => {
    setLogits(logits, best.weights, features(z));
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

/** Of each class, W_c · x. */
function setLogits(logits: Float64Array, weights: Float64Array, x: Float64Array): void {
  const F = x.length;
  for (let c = 0; c < logits.length; c++) {
    let sum = 0;
    for (let f = 0; f < F; f++) sum += weights[c * F + f]! * x[f]!;
    logits[c] = sum;
  }
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

/** Puts the x with L Lᵀ x = b in the place of b. */
function solve(L: Float64Array, x: Float64Array): void {
  const F = x.length;
  for (let i = 0; i < F; i++) {
    for (let k = 0; k < i; k++) x[i]! -= L[i * F + k]! * x[k]!;
    x[i]! /= L[i * F + i]!;
  }
  for (let i = F - 1; i >= 0; i--) {
    for (let k = i + 1; k < F; k++) x[i]! -= L[k * F + i]! * x[k]!;
    x[i]! /= L[i * F + i]!;
  }
}
