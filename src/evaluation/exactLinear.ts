import { CholeskyDecomposition, Matrix } from "ml-matrix";
import type { Split } from "../data/dataset.ts";
import { fieldSize } from "../data/field.ts";
import type { Bnn } from "../model/bnn.ts";
import { readSigma } from "./readSigma.ts";
import { targetsOf } from "./rowPredictions.ts";
import { type Estimate, estimateOf } from "./statistics.ts";

export const LOG_TWO_PI = Math.log(2 * Math.PI);

/**
 * Bayesian linear regression in closed form (Bishop 2006, "Pattern recognition and machine learning", section 3.3): with rows φ = [x, 1],
 * y = φᵀw + N(0, σ²) and w ~ N(0, S), the posterior is N(μ, Λ⁻¹), Λ = ΦᵀΦ/σ² + S⁻¹, μ = Λ⁻¹Φᵀy/σ². In float64, given σ and S.
 * Weights are those of standardised features and target, numbers of log p those of the file.
 */
export interface ExactLinear {
  /** log p(D) = log ∫ p(D|w) p(w) dw of all training rows, in nats. */
  readonly logEvidence: number;
  /** μ, biases last, [n]; and Λ, Λ⁻¹, [n, n]. */
  readonly mean: readonly number[];
  readonly precision: Matrix;
  readonly covariance: Matrix;
}

/** q(w) beside it. All numbers are of all training rows, in nats. */
export interface ExactComparison {
  readonly rows: number;
  readonly logEvidence: number;
  /** E_q[log p(D|w)] − KL(q ‖ p(w)), in closed form. */
  readonly elbo: number;
  /** KL(q ‖ p(w|D)), in closed form: log p(D) = elbo + gap. */
  readonly gap: number;
  /** The gap of the best q whose weights are independent: ½ (Σ log Λ_ii − log |Λ|), with variances 1/Λ_ii. */
  readonly meanFieldGap: number;
  /** The largest |E_q[w] − μ| in units of the posterior's deviation. */
  readonly meanError: number;
  /** ‖Cov_q − Λ⁻¹‖ / ‖Λ⁻¹‖, Frobenius. */
  readonly covarianceError: number;
  /** For each weight, by name: its deviation by q, by the best independent q (1/√Λ_ii) and of the posterior (√(Λ⁻¹)_ii). */
  readonly weights: readonly {
    readonly name: string;
    readonly mean: number;
    readonly exactMean: number;
    readonly deviation: number;
    readonly meanFieldDeviation: number;
    readonly exactDeviation: number;
  }[];
}

/** The test rows by the exact posterior predictive, N(φᵀμ, σ² + φᵀΛ⁻¹φ). */
export interface ExactScores {
  readonly logLikelihood: number;
  readonly logLikelihoodStandardError: number;
  readonly rmse: number;
}

/** σ and the prior of a network without a hidden layer, and q(w). */
export interface LinearModel {
  /** In units of what is stored. */
  readonly sigma: number;
  /** Variances of the prior, [n]. */
  readonly priorVariances: readonly number[];
  /** Of q. */
  readonly mean: readonly number[];
  readonly covariance: Matrix;
  /** That of the target in the file, of what is stored. */
  readonly deviation: number;
}

/** Whether a model is linear with a Gaussian of one σ, so that its posterior is known exactly. */
export const isLinearGaussian = ({ layers, likelihood, noise, strata }: Bnn, kind: string): boolean =>
  layers.length === 1 &&
  kind === "gaussian" &&
  likelihood.paramChannels === 1 &&
  noise.length > 0 &&
  strata === undefined;

/** q(w) and the exact posterior of the same rows. */
export interface ExactPosterior {
  readonly of: LinearModel;
  readonly exact: ExactLinear;
  readonly comparison: ExactComparison;
}

/** Where the model is linear with a Gaussian of one σ; undefined elsewhere. */
export async function exactPosterior(
  model: Bnn,
  kind: string,
  train: Split,
): Promise<ExactPosterior | undefined> {
  if (!isLinearGaussian(model, kind)) return undefined;
  const of = await linearModelOf(model);
  const exact = exactLinear(train, model, of);
  return { of, exact, comparison: compareWithExact(train, model, of, exact) };
}

/** All of it, with the scores of a split; undefined where there is no closed form. */
export async function assessExactly(
  model: Bnn,
  kind: string,
  { train, set }: { readonly train: Split; readonly set: Split },
): Promise<{ comparison: ExactComparison; scores: ExactScores } | undefined> {
  const found = await exactPosterior(model, kind, train);
  if (!found) return undefined;
  const { of, exact, comparison } = found;
  return { comparison, scores: exactScores(set, model, of, exact) };
}

/** Reads it from the device. */
export async function linearModelOf(model: Bnn): Promise<LinearModel> {
  const { target } = model;
  const deviation = target.kind === "class" ? 1 : (target.standardized?.deviation[0] ?? 1);
  const { sigma } = await readSigma(model);
  const [moments] = model.moments();
  const [prior] = model.priors();
  const [mean, deviations] = [await valuesOf(moments!.mean), await valuesOf(moments!.deviation!)];
  const n = mean.length;
  const covariance = moments!.covariance
    ? Matrix.from1DArray(n, n, await valuesOf(moments!.covariance))
    : Matrix.diag(deviations.map((value) => value ** 2));
  const [kernel, bias] = [(await valuesOf(prior!.kernel))[0]!, (await valuesOf(prior!.bias))[0]!];
  const priorVariances = mean.map((_, i) => Math.exp(2 * (i < n - 1 ? kernel : bias)));
  return { sigma: sigma! / deviation, priorVariances, mean, covariance, deviation };
}

async function valuesOf(tensor: { data(): Promise<ArrayLike<number>>; dispose(): void }): Promise<number[]> {
  const values = Array.from(await tensor.data());
  tensor.dispose();
  return values;
}

/** Φ with a column of ones, and the stored targets. */
export function designOf(set: Split, model: Bnn): { features: Matrix; targets: number[] } {
  const F = fieldSize(model.fields[0]!);
  const x = set.columns["x"]!;
  const features = new Matrix(set.count, F + 1);
  for (let i = 0; i < set.count; i++) {
    for (let d = 0; d < F; d++) features.set(i, d, x[i * F + d]!);
    features.set(i, F, 1);
  }
  return { features, targets: Array.from(set.columns[model.target.name]!) };
}

export function exactLinear(set: Split, model: Bnn, of: LinearModel): ExactLinear {
  const { sigma, priorVariances, deviation } = of;
  const { features, targets } = designOf(set, model);
  const N = set.count;
  const y = Matrix.columnVector(targets);
  const transposed = features.transpose();
  const precision = transposed
    .mmul(features)
    .div(sigma ** 2)
    .add(Matrix.diag(priorVariances.map((v) => 1 / v)));
  const cholesky = new CholeskyDecomposition(precision);
  const mean = cholesky.solve(transposed.mmul(y).div(sigma ** 2));
  const covariance = cholesky.solve(Matrix.eye(precision.rows));
  const errors = Matrix.sub(y, features.mmul(mean)).to1DArray();
  const weights = mean.to1DArray();
  const energy =
    errors.reduce((sum, e) => sum + e ** 2, 0) / sigma ** 2 +
    weights.reduce((sum, w, i) => sum + w ** 2 / priorVariances[i]!, 0);
  const logDeterminants = priorVariances.reduce((sum, v) => sum + Math.log(v), 0) + logDeterminant(precision);
  const logEvidence =
    -0.5 * (N * (LOG_TWO_PI + 2 * Math.log(sigma)) + logDeterminants + energy) - N * Math.log(deviation);
  return { logEvidence, mean: weights, precision, covariance };
}

export const logDeterminant = (positive: Matrix): number =>
  2 *
  new CholeskyDecomposition(positive).lowerTriangularMatrix
    .diagonal()
    .reduce((sum, value) => sum + Math.log(value), 0);

/** Compares q with the exact posterior on the rows that it was learned from. */
export function compareWithExact(
  set: Split,
  model: Bnn,
  of: LinearModel,
  exact: ExactLinear,
): ExactComparison {
  const { sigma, priorVariances, mean, covariance, deviation } = of;
  const { features, targets } = designOf(set, model);
  const n = mean.length;
  const N = set.count;
  const m = Matrix.columnVector([...mean]);
  const fitted = features.mmul(m).to1DArray();
  const spread = features.mmul(covariance).mul(features); // elementwise: its row sums are φᵀΣφ
  let squares = 0;
  for (let i = 0; i < N; i++) {
    squares += (targets[i]! - fitted[i]!) ** 2 + spread.getRow(i).reduce((sum, value) => sum + value, 0);
  }
  const expected =
    -0.5 * (N * (LOG_TWO_PI + 2 * Math.log(sigma)) + squares / sigma ** 2) - N * Math.log(deviation);
  const logDetQ = logDeterminant(covariance);
  const kl =
    0.5 *
    (priorVariances.reduce((sum, v, i) => sum + (covariance.get(i, i) + mean[i]! ** 2) / v + Math.log(v), 0) -
      n -
      logDetQ);
  const distance = Matrix.sub(m, Matrix.columnVector([...exact.mean]));
  const gap =
    0.5 *
    (exact.precision.mmul(covariance).trace() +
      distance.transpose().mmul(exact.precision).mmul(distance).get(0, 0) -
      n -
      logDeterminant(exact.precision) -
      logDetQ);
  const exactDeviations = exact.covariance.diagonal().map(Math.sqrt);
  const precisions = exact.precision.diagonal();
  const names = [...(model.fields[0]!.valueNames ?? mean.slice(1).map((_, i) => `x${i + 1}`)), "bias"];
  return {
    rows: N,
    logEvidence: exact.logEvidence,
    elbo: expected - kl,
    gap,
    meanFieldGap:
      0.5 * (precisions.reduce((sum, value) => sum + Math.log(value), 0) - logDeterminant(exact.precision)),
    meanError: Math.max(...mean.map((value, i) => Math.abs(value - exact.mean[i]!) / exactDeviations[i]!)),
    covarianceError:
      Matrix.sub(covariance, exact.covariance).norm("frobenius") / exact.covariance.norm("frobenius"),
    weights: mean.map((value, i) => ({
      name: names[i]!,
      mean: value,
      exactMean: exact.mean[i]!,
      deviation: Math.sqrt(covariance.get(i, i)),
      meanFieldDeviation: 1 / Math.sqrt(precisions[i]!),
      exactDeviation: exactDeviations[i]!,
    })),
  };
}

/** How the exact posterior predicts the rows of a split. */
export function exactScores(
  set: Split,
  model: Bnn,
  { sigma, deviation }: LinearModel,
  exact: ExactLinear,
): ExactScores {
  const { features } = designOf(set, model);
  const target = model.target;
  const center = target.kind === "class" ? 0 : (target.standardized?.mean[0] ?? 0);
  const y = targetsOf(set, target);
  const means = features.mmul(Matrix.columnVector([...exact.mean])).to1DArray();
  const spread = features.mmul(exact.covariance).mul(features);
  let squares = 0;
  const logLikelihoods = means.map((mean, i) => {
    const variance = (sigma ** 2 + spread.getRow(i).reduce((sum, value) => sum + value, 0)) * deviation ** 2;
    const error = y[i]! - (center + deviation * mean);
    squares += error ** 2;
    return -0.5 * (error ** 2 / variance + Math.log(variance) + LOG_TWO_PI);
  });
  const { mean, standardError }: Estimate = estimateOf(logLikelihoods);
  return {
    logLikelihood: mean,
    logLikelihoodStandardError: standardError,
    rmse: Math.sqrt(squares / set.count),
  };
}
