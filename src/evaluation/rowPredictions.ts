import { evaluationBatches } from "../data/batches.ts";
import { codedSize } from "../data/codedFields.ts";
import type { Split } from "../data/dataset.ts";
import { type Field, fieldSize } from "../data/field.ts";
import { type Bnn, isBnn } from "../model/bnn.ts";
import { hostInputs } from "../model/inputs.ts";
import type { HostDensity } from "../model/likelihoods/likelihood.ts";
import { mixed, type PixelDistribution } from "../model/likelihoods/pixelDistribution.ts";
import { type NoiseDraw, type NoiseSize, noiseLength, samplesOf } from "../model/noise.ts";
import { solveIncreasing } from "../tensors/hostMath.ts";
import { RandomStream } from "../tensors/random.ts";
import { EVALUATION_SEED } from "./inputs.ts";
import { decodedPass, evaluatePasses } from "./passes.ts";
import type { Runner } from "./runner.ts";

/** A runner of a Bayesian network. */
export type BnnRunner = Runner & { readonly model: Bnn };

export const isOfWeights = (runner: Runner): runner is BnnRunner => isBnn(runner.model);

/** Draws of the weights for each row: the error that they leave of a log-likelihood is then below that over rows. */
export const DEFAULT_WEIGHT_DRAWS = 100;

/** p(y|x) of one row: the mean over draws w ~ q(w) of p(y|x, w), in the units of the file. */
export interface RowPrediction {
  /** p(y|x, w) of each draw. */
  readonly parts: readonly PixelDistribution[];
  readonly distribution: PixelDistribution;
}

/** Bytes are none of a table, so nothing is coded. */
const CODING = "gray";

/** Rows that are predicted at a time. */
const BATCH = 500;

/** Predicts the rows of a split one after the other, with as many draws of the weights for each; a point has one. */
export async function* predictRows(
  runner: BnnRunner,
  set: Split,
  draws = DEFAULT_WEIGHT_DRAWS,
): AsyncGenerator<RowPrediction> {
  const { model } = runner;
  const samples = samplesOf(model, draws);
  const density = await model.likelihood.onHost();
  const complete = withTarget(set, model.target);
  for await (const { count, values } of evaluatePasses(runner, complete, CODING, decodedPass, { samples })) {
    yield* rowsOf(values[0]!, count, samples, { density, P: model.likelihood.paramChannels });
  }
}

/** The networks of the mean weights: one, and of a mixture one of each component. */
export const networksOf = (model: Bnn) => samplesOf(model, 1);

/** The same with those alone. */
export const predictRowsAtMean = (runner: BnnRunner, set: Split) =>
  predictRowsWith(
    runner,
    set,
    networksOf(runner.model),
    (draw, size) => new Float32Array(noiseLength(draw, size)),
  );

/** The same with draws that the rows share, so that each is a function of x: a smooth one, for curves. */
export function predictRowsTogether(runner: BnnRunner, set: Split, draws = DEFAULT_WEIGHT_DRAWS) {
  const samples = samplesOf(runner.model, draws);
  const random = new RandomStream(EVALUATION_SEED);
  return predictRowsWith(runner, set, samples, (draw, { count }) => {
    const drawn = random.fork(draw.name).normals(noiseLength(draw, { count: 1, samples }));
    const length = drawn.length / samples;
    if (draw.per === "step") return drawn;
    return Float32Array.from({ length: samples * count * length }, (_, i) => {
      const sample = Math.floor(i / (count * length));
      return drawn[sample * length + (i % length)]!;
    });
  });
}

/** With noise of the caller's own. */
async function* predictRowsWith(
  { model, run }: BnnRunner,
  set: Split,
  samples: number,
  noiseOf: (draw: NoiseDraw, size: NoiseSize) => Float32Array<ArrayBuffer>,
): AsyncGenerator<RowPrediction> {
  const { fields, noise, likelihood, target } = model;
  const density = await likelihood.onHost();
  const passes = {
    fields,
    coding: CODING,
    batchSize: BATCH,
    random: new RandomStream(EVALUATION_SEED),
  } as const;
  for (const { columns, count } of evaluationBatches(withTarget(set, target), passes)) {
    const size = { count, samples };
    const drawn = Object.fromEntries(noise.map((draw) => [draw.name, noiseOf(draw, size)]));
    const [decoded] = await run(decodedPass, hostInputs(model, { ...size, ...columns, ...drawn }), false);
    yield* rowsOf(decoded!, count, samples, { density, P: likelihood.paramChannels });
  }
}

/** `decoded` is [S, count, 1, P]. */
function* rowsOf(
  decoded: Float32Array,
  count: number,
  samples: number,
  { density, P }: { density: HostDensity; P: number },
): Generator<RowPrediction> {
  const logWeights = new Array<number>(samples).fill(-Math.log(samples));
  for (let i = 0; i < count; i++) {
    const parts = Array.from({ length: samples }, (_, s) => {
      const start = (s * count + i) * P;
      return density(decoded.slice(start, start + P));
    });
    yield { parts, distribution: mixed(logWeights, parts) };
  }
}

/** Rows whose target nobody knows are predicted all the same: with zeros that nothing of the prediction depends on. */
function withTarget(set: Split, target: Field): Split {
  if (set.columns[target.name]) return set;
  const size = fieldSize(target);
  const Column = target.kind === "class" ? Uint8Array : Float32Array;
  return { ...set, columns: { ...set.columns, [target.name]: new Column(set.count * size) } };
}

/** The target of each row in the units of the file; of a class its index. */
export function targetsOf(set: Split, target: Field): Float64Array {
  const stored = Float64Array.from(set.columns[target.name]!);
  if (target.kind === "class" || !target.standardized) return stored;
  const [mean, deviation] = [target.standardized.mean[0]!, target.standardized.deviation[0]!];
  return stored.map((u) => mean + deviation * u);
}

/** Mean, and variance in its two parts: E[var(y|w)], which is noise, and var(E[y|w]), which more data would lessen. */
export function momentsOf({ parts }: RowPrediction) {
  const S = parts.length;
  const mean = parts.reduce((sum, part) => sum + part.mean, 0) / S;
  const noise = parts.reduce((sum, part) => sum + part.variance, 0) / S;
  const weights = parts.reduce((sum, part) => sum + (part.mean - mean) ** 2, 0) / S;
  return { mean, noise, weights, total: noise + weights };
}

/** P(class k | x) of a target of K classes, of which the value k / (K − 1) stands for the k-th. */
export const classProbabilities = ({ distribution }: RowPrediction, target: Field): number[] =>
  Array.from({ length: codedSize(target) }, (_, k, K = codedSize(target)) =>
    Math.exp(distribution.logProb(k / (K - 1))),
  );

/** The y with P(Y ≤ y) = p. */
export function quantileOf({ distribution, parts }: RowPrediction, p: number): number {
  const reach = (part: PixelDistribution, side: number) =>
    part.mean + side * 60 * Math.sqrt(part.variance) + side;
  const low = Math.min(...parts.map((part) => reach(part, -1)));
  const high = Math.max(...parts.map((part) => reach(part, 1)));
  return solveIncreasing((y) => distribution.cdf(y), p, low, high);
}
