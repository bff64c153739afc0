import { isDeepStrictEqual } from "node:util";
import { VaeError } from "../base/errors.ts";
import { conditionOf } from "../conditions/index.ts";
import { columnOf } from "../data/codedFields.ts";
import { describeMeasure } from "../data/codings.ts";
import type { Dataset, OnDataProgress } from "../data/dataset.ts";
import { fieldOf, fieldSize } from "../data/field.ts";
import { estimateElbo } from "../evaluation/bounds.ts";
import { type ClassOfDraws, estimateClassOfDraws } from "../evaluation/classOfDraws.ts";
import { EVALUATION_SEED } from "../evaluation/inputs.ts";
import { drawsOf, MEAN_DRAWS, observationsAt, predict } from "../evaluation/observations.ts";
import { estimatePrediction, type Prediction } from "../evaluation/predictive.ts";
import { createRunner, type Runner } from "../evaluation/runner.ts";
import { DEFAULT_SAMPLES } from "../evaluation/samples.ts";
import { type Estimate, estimateOf } from "../evaluation/statistics.ts";
import type { SplitName } from "../evaluation/summary.ts";
import type { Drawing } from "../figures/charts/drawing.ts";
import { predictionsFigure } from "../figures/conditionalGrid.ts";
import { supportOf } from "../model/likelihoods/index.ts";
import { RandomStream } from "../tensors/random.ts";
import { type OpenedRun, readRunData } from "./experiment.ts";
import { titleOf } from "./title.ts";

/** How a run with a condition predicts x from y, beside another one. */
export interface Predictions {
  readonly prediction: Prediction;
  readonly against?: Against;
  /** Where the condition is a class. */
  readonly classOfDraws?: ClassOfDraws;
}

/** The same images predicted by another run, which has a condition too. */
export interface Against {
  readonly run: string;
  readonly prediction: Prediction;
  /** Mean squared error of this run less that of the other, with the error of the difference over images. */
  readonly squaredError: Estimate;
  /** −ELBO of this run less that of the other in nats per image, or why these are not to be compared. */
  readonly minusElbo: Estimate | { readonly notComparable: string };
}

/** Of a run without a condition undefined. */
export async function assessPredictions(
  run: OpenedRun,
  runner: Runner,
  dataset: Dataset,
  split: SplitName,
  against?: { readonly run: OpenedRun; readonly onProgress: OnDataProgress },
): Promise<Predictions | undefined> {
  if (!run.model.given) return undefined;
  const prediction = await predictionOf(run, runner, dataset, split);
  const classOfDraws = await estimateClassOfDraws(runner, dataset, split);
  return {
    prediction,
    ...(classOfDraws && { classOfDraws }),
    ...(against && {
      against: await compareWith(against, {
        run,
        runner,
        dataset,
        split,
        squaredErrors: prediction.squaredErrors,
      }),
    }),
  };
}

/** The predictions of another run beside those of this one. */
async function compareWith(
  { run: other, onProgress }: { readonly run: OpenedRun; readonly onProgress: OnDataProgress },
  {
    run,
    runner,
    dataset,
    split,
    squaredErrors,
  }: {
    readonly run: OpenedRun;
    readonly runner: Runner;
    readonly dataset: Dataset;
    readonly split: SplitName;
    readonly squaredErrors: Float64Array;
  },
): Promise<Against> {
  const itsData = await readRunData(other, [split], { acceptsData: false, onProgress });
  if (!sameImages(dataset, itsData, split)) {
    throw new VaeError(
      "usage",
      `${other.folder.path} has other images in its ${split} split than ${run.folder.path}: their predictions cannot be compared.`,
    );
  }
  const itsRunner = createRunner(other.model, { record: false, note: () => {} });
  const its = await predictionOf(other, itsRunner, itsData, split);
  const bounds = (of: Runner, data: Dataset, { coding }: OpenedRun) =>
    estimateElbo(of, data[split], coding, { samples: DEFAULT_SAMPLES });
  const [measure, itsMeasure] = [run, other].map(
    ({ config, coding }) => `${describeMeasure(supportOf(config.likelihood))}, pixels ${coding}`,
  );
  const minusElbo =
    measure === itsMeasure
      ? estimateOf(
          differenceOf(
            (await bounds(runner, dataset, run)).perImage,
            (await bounds(itsRunner, itsData, other)).perImage,
          ),
        )
      : { notComparable: `one is on ${measure}, the other on ${itsMeasure}` };
  itsRunner.dispose();
  const squaredError = estimateOf(differenceOf(squaredErrors, its.squaredErrors));
  return { run: other.folder.path, prediction: its, squaredError, minusElbo };
}

/** Examples that the picture of an evaluation shows. */
const PICTURED = 8;

/** y, the truth, the classical estimate, that of another run, mean and deviation of p(x|y). */
export async function predictionPicture(
  run: OpenedRun,
  dataset: Dataset,
  split: SplitName,
  other?: OpenedRun,
): Promise<Drawing> {
  const { model, config } = run;
  const set = dataset[split];
  const places = Array.from({ length: Math.min(PICTURED, set.count) }, (_, i) => i);
  const of = (model: OpenedRun["model"]) => observationsAt(set, model, places, split);
  const observations = of(model);
  const random = new RandomStream(EVALUATION_SEED).fork("picture");
  const condition = conditionOf(config.condition, model.target);
  const beside: [string, Float32Array][] = [];
  if (condition) {
    const y = columnOf(observations.set, model.given!);
    const M = fieldSize(model.given!);
    const estimates = places.map((i) => condition.baseline.reconstruct(y.subarray(i * M, (i + 1) * M)));
    beside.push(["classical", Float32Array.from(estimates.flatMap((estimate) => [...estimate]))]);
  }
  const hasItsY = other?.model.given && set.columns[other.model.given.name] !== undefined;
  const isSameY = other && isDeepStrictEqual(other.config.condition, config.condition);
  if (other && hasItsY && isSameY) {
    const { mean } = await predict(other.model, of(other.model), drawsOf(model), random);
    beside.push(["other run", mean]);
  }
  const predictions = await predict(model, observations, MEAN_DRAWS, random);
  const title = titleOf(config, dataset.name);
  return predictionsFigure(model, observations, predictions, {
    draws: MEAN_DRAWS,
    title,
    beside,
  });
}

const differenceOf = (a: Float64Array, b: Float64Array) => a.map((value, i) => value - b[i]!);

const predictionOf = (
  run: OpenedRun,
  runner: Runner,
  dataset: Dataset,
  split: SplitName,
): Promise<Prediction> => {
  const condition = conditionOf(run.config.condition, fieldOf(dataset.fields, "x"));
  return estimatePrediction(runner, dataset[split], run.coding, condition);
};

function sameImages(a: Dataset, b: Dataset, split: SplitName): boolean {
  const bytesOf = (of: Dataset) => {
    const { buffer, byteOffset, byteLength } = columnOf(of[split], fieldOf(of.fields, "x"));
    return Buffer.from(buffer as ArrayBuffer, byteOffset, byteLength);
  };
  return bytesOf(a).equals(bytesOf(b));
}
