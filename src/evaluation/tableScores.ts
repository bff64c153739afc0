import type { Split } from "../data/dataset.ts";
import { RandomStream } from "../tensors/random.ts";
import { type Coverage, countIn, coverageCounter, PIT_BINS } from "./calibration.ts";
import { addTo, emptySum, logMeanVariance } from "./importance.ts";
import {
  type BnnRunner,
  classProbabilities,
  momentsOf,
  networksOf,
  predictRows,
  predictRowsAtMean,
  quantileOf,
  type RowPrediction,
  targetsOf,
} from "./rowPredictions.ts";
import { turnsOf } from "./runner.ts";
import { estimateOf, meanOf } from "./statistics.ts";

/** How well numbers are predicted, in the units of the file. */
export interface RegressionScores {
  /** log p(y|x), the mean over rows, in nats. */
  readonly logLikelihood: number;
  readonly logLikelihoodStandardError: number;
  /** Root of the mean squared error of the predictive mean. */
  readonly rmse: number;
}

/** How well classes are predicted. */
export interface ClassScores {
  readonly logLikelihood: number;
  readonly logLikelihoodStandardError: number;
  /** The share of rows whose most probable class is right. */
  readonly accuracy: number;
  readonly accuracyStandardError: number;
  /** Σ_k (P(k|x) − 1[y = k])², the mean over rows (Brier 1950). */
  readonly brier: number;
  /** |confidence − accuracy| over 15 bins of confidence, weighed by rows (Guo et al. 2017, "On calibration", eq. 3). */
  readonly expectedCalibrationError: number;
}

interface Predicted {
  readonly rows: number;
  /** Draws of the weights for each row; 1 of a point. */
  readonly draws: number;
  /** Those that have mean weights: 1, or one of each component of a mixture. */
  readonly networks: number;
  /** The part of the error of the log-likelihood that other draws would change; absent of a point. */
  readonly drawError?: number;
}

export interface RegressionPrediction extends Predicted, RegressionScores {
  readonly kind: "regression";
  readonly coverage: readonly Coverage[];
  /** The share of rows with F(y|x) in each of 20 equal parts of [0, 1]; where F jumps, a draw from the jump. */
  readonly pit: readonly number[];
  /** |share of rows with F(y|x) ≤ p − p|, the mean over p = 0.05 … 0.95. */
  readonly calibrationError: number;
  /** The share of rows with F(y|x) ≤ p, for those p. */
  readonly reached: readonly (readonly [p: number, share: number])[];
  /** The first rows, for pictures. */
  readonly shown: readonly ShownRow[];
  /** The root mean square over rows of the predictive deviation, and of its two parts. */
  readonly deviation: { readonly total: number; readonly noise: number; readonly weights: number };
  /** Of the networks with the mean weights, which is one but for a mixture. */
  readonly atMean: RegressionScores;
}

/** A row that was predicted, and the central 90 % of p(y|x). */
export interface ShownRow {
  readonly observed: number;
  readonly mean: number;
  readonly low: number;
  readonly high: number;
}

/** Rows by the probability of their most probable class, in equal parts of [0, 1]. */
export interface ReliabilityBin {
  readonly confidence: number;
  readonly accuracy: number;
  /** Of all rows. */
  readonly share: number;
}

export interface ClassPrediction extends Predicted, ClassScores {
  readonly kind: "classes";
  readonly reliability: readonly ReliabilityBin[];
  readonly atMean: ClassScores;
}

export type TablePrediction = RegressionPrediction | ClassPrediction;

/** What is kept of it: without the rows that are for pictures. */
export type TableSummary = Omit<RegressionPrediction, "shown"> | ClassPrediction;

export function withoutRows(prediction: TablePrediction): TableSummary {
  if (prediction.kind === "classes") return prediction;
  const { shown: _, ...summary } = prediction;
  return summary;
}

/** Rows that a picture has room for. */
const SHOWN = 200;

/** Predicts the rows of a split from their features alone, and holds the predictions against their targets. */
export async function scorePredictions(
  runner: BnnRunner,
  set: Split,
  draws?: number,
): Promise<TablePrediction> {
  const { target } = runner.model;
  const y = targetsOf(set, target);
  return target.kind === "class" ? scoreClasses(runner, set, y, draws) : scoreNumbers(runner, set, y, draws);
}

async function scoreNumbers(
  runner: BnnRunner,
  set: Split,
  y: Float64Array,
  draws: number | undefined,
): Promise<RegressionPrediction> {
  const random = new RandomStream("calibration");
  const turn = turnsOf(runner);
  const scores = scoreCounter();
  const covered = coverageCounter();
  const u = new Float64Array(y.length);
  const variances = { total: 0, noise: 0, weights: 0 };
  const shown: ShownRow[] = [];
  let variance = 0;
  let count = 1;
  let row = 0;
  for await (const prediction of predictRows(runner, set, draws)) {
    await turn();
    const value = y[row]!;
    const { distribution, parts } = prediction;
    const moments = momentsOf(prediction);
    scores.add(distribution.logProb(value), value - moments.mean);
    const jump = parts[0]!.values ? Math.exp(distribution.logProb(value)) * random.uniform() : 0;
    u[row] = distribution.cdf(value) - jump;
    covered.add(u[row]!);
    for (const part of ["total", "noise", "weights"] as const) variances[part] += moments[part];
    variance += drawVariance(prediction, value);
    count = parts.length;
    row++;
    if (shown.length < SHOWN) {
      const [low, high] = [quantileOf(prediction, 0.05), quantileOf(prediction, 0.95)];
      shown.push({ observed: value, mean: moments.mean, low, high });
    }
  }
  const atMean = scoreCounter();
  row = 0;
  for await (const { distribution } of predictRowsAtMean(runner, set)) {
    const value = y[row++]!;
    atMean.add(distribution.logProb(value), value - distribution.mean);
  }
  const pit = new Float64Array(PIT_BINS);
  for (const share of u) countIn(pit, share);
  const reached = LEVELS.map((p): [number, number] => [
    p,
    u.reduce((count, share) => count + Number(share <= p), 0) / u.length,
  ]);
  const deviation = (sum: number) => Math.sqrt(sum / y.length);
  return {
    kind: "regression",
    rows: y.length,
    draws: count,
    networks: networksOf(runner.model),
    ...(count > 1 && { drawError: Math.sqrt(variance) / y.length }),
    ...scores.result(),
    coverage: covered.shares(),
    pit: Array.from(pit, (rows) => rows / u.length),
    calibrationError: meanOf(reached.map(([p, share]) => Math.abs(share - p))),
    reached,
    shown,
    deviation: {
      total: deviation(variances.total),
      noise: deviation(variances.noise),
      weights: deviation(variances.weights),
    },
    atMean: atMean.result(),
  };
}

function scoreCounter() {
  const logLikelihoods: number[] = [];
  let squares = 0;
  return {
    add(logLikelihood: number, error: number) {
      logLikelihoods.push(logLikelihood);
      squares += error ** 2;
    },
    result(): RegressionScores {
      const { mean, standardError } = estimateOf(logLikelihoods);
      return {
        logLikelihood: mean,
        logLikelihoodStandardError: standardError,
        rmse: Math.sqrt(squares / logLikelihoods.length),
      };
    },
  };
}

/** Of log p(y|x), by the draws of the weights that it is the mean over; 0 where y is impossible by all of them. */
function drawVariance({ parts }: RowPrediction, y: number): number {
  const likelihoods = emptySum();
  for (const part of parts) addTo(likelihoods, part.logProb(y));
  return likelihoods.sum === 0 ? 0 : Math.max(0, logMeanVariance(likelihoods, parts.length));
}

const LEVELS = Array.from({ length: 19 }, (_, i) => (i + 1) / 20);

async function scoreClasses(
  runner: BnnRunner,
  set: Split,
  y: Float64Array,
  draws: number | undefined,
): Promise<ClassPrediction> {
  const { target } = runner.model;
  const turn = turnsOf(runner);
  const scores = classCounter();
  let variance = 0;
  let count = 1;
  let row = 0;
  for await (const prediction of predictRows(runner, set, draws)) {
    await turn();
    const right = y[row++]!;
    const probabilities = classProbabilities(prediction, target);
    scores.add(probabilities, right);
    variance += drawVariance(prediction, right / (probabilities.length - 1));
    count = prediction.parts.length;
  }
  const atMean = classCounter();
  row = 0;
  for await (const prediction of predictRowsAtMean(runner, set)) {
    atMean.add(classProbabilities(prediction, target), y[row++]!);
  }
  return {
    kind: "classes",
    rows: y.length,
    draws: count,
    networks: networksOf(runner.model),
    ...(count > 1 && { drawError: Math.sqrt(variance) / y.length }),
    ...scores.result(),
    reliability: scores.reliability(),
    atMean: atMean.result(),
  };
}

const CONFIDENCE_BINS = 15;

function classCounter() {
  const logLikelihoods: number[] = [];
  const hits: number[] = [];
  const briers: number[] = [];
  const bins = Array.from({ length: CONFIDENCE_BINS }, () => ({ confidence: 0, hits: 0, rows: 0 }));
  return {
    add(probabilities: readonly number[], right: number) {
      const confidence = Math.max(...probabilities);
      const hit = Number(probabilities.indexOf(confidence) === right);
      logLikelihoods.push(Math.log(probabilities[right]!));
      hits.push(hit);
      briers.push(probabilities.reduce((sum, p, k) => sum + (p - Number(k === right)) ** 2, 0));
      const bin = bins[Math.min(CONFIDENCE_BINS - 1, Math.floor(confidence * CONFIDENCE_BINS))]!;
      bin.confidence += confidence;
      bin.hits += hit;
      bin.rows++;
    },
    reliability: (): ReliabilityBin[] =>
      bins.map(({ confidence, hits: right, rows }) => ({
        confidence: rows === 0 ? 0 : confidence / rows,
        accuracy: rows === 0 ? 0 : right / rows,
        share: rows / hits.length,
      })),
    result(): ClassScores {
      const logLikelihood = estimateOf(logLikelihoods);
      const accuracy = estimateOf(hits);
      return {
        logLikelihood: logLikelihood.mean,
        logLikelihoodStandardError: logLikelihood.standardError,
        accuracy: accuracy.mean,
        accuracyStandardError: accuracy.standardError,
        brier: meanOf(briers),
        expectedCalibrationError:
          bins.reduce((sum, { confidence, hits }) => sum + Math.abs(confidence - hits), 0) / hits.length,
      };
    },
  };
}
