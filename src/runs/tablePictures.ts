import { counted } from "../base/counted.ts";
import { type Column, type Dataset, part, type Split } from "../data/dataset.ts";
import { type Field, fieldSize } from "../data/field.ts";
import {
  type BnnRunner,
  momentsOf,
  predictRowsTogether,
  quantileOf,
  targetsOf,
} from "../evaluation/rowPredictions.ts";
import { scorePredictions, type TablePrediction } from "../evaluation/tableScores.ts";
import type { Drawing } from "../figures/charts/drawing.ts";
import {
  type FittedPoint,
  fitChart,
  predictionChart,
  reliabilityChart,
  weightsChart,
} from "../figures/charts/tableCharts.ts";
import { type Bnn, componentMoments } from "../model/bnn.ts";
import type { FigureName } from "./runFolder.ts";

const nameOf = ({ name, valueNames }: Field, i = 0) => valueNames?.[i] ?? name;

/** Predictions of a split, as `scorePredictions` has measured them. */
export function predictionPicture(
  prediction: TablePrediction,
  { target }: Bnn,
  title: string,
  split: string,
) {
  const { rows, draws } = prediction;
  const subtitle = `${counted(rows, "row")} of the ${split} split, ${draws === 1 ? "one network" : `${draws} draws of the weights`}`;
  return prediction.kind === "regression"
    ? predictionChart(prediction.shown, prediction.reached, { title, subtitle, target: nameOf(target) })
    : reliabilityChart(prediction.reliability, { title, subtitle });
}

interface TablePictures {
  readonly title: string;
  readonly put: (name: FigureName, draw: () => Drawing | Promise<Drawing>) => Promise<boolean>;
  /** The predictions of validation, where they are measured already. */
  readonly scored?: TablePrediction | undefined;
}

/** Of a run while it is trained: its weights, its predictions, and where there is one feature the fit. */
export async function drawTablePictures(
  runner: BnnRunner,
  { train, validation }: Pick<Dataset, "train" | "validation">,
  { title, put, scored }: TablePictures,
): Promise<void> {
  const { model } = runner;
  const weights = await weightHealth(model);
  if (weights) await put("weights", () => weightsPicture(weights, title));
  if (hasFit(model)) await put("fit", () => fitPicture(runner, train, title));
  await put("predictions", async () =>
    predictionPicture(scored ?? (await scorePredictions(runner, validation)), model, title, "validation"),
  );
}

const CURVE = 161;
const CURVE_DRAWS = 400;
/** Beyond the data at both sides, by this share of their range. */
const BEYOND = 0.3;
const MOST_DOTS = 1000;

/** Whether there is a curve to draw: of one feature and a number. */
const hasFit = ({ target, fields: [x] }: Bnn) => fieldSize(x!) === 1 && target.kind !== "class";

/** The fit of such a model, with room at both sides of the data. */
async function fitPicture(runner: BnnRunner, train: Split, title: string): Promise<Drawing> {
  const { target, fields } = runner.model;
  const [x] = fields as [Field & { kind: "real" }];
  const { mean, deviation } = x.standardized!;
  const inFile = (stored: number) => mean[0]! + deviation[0]! * stored;
  const dots = part(train, fields, 0, MOST_DOTS);
  const stored = dots.columns["x"] as Float32Array;
  const [low, high] = [Math.min(...stored), Math.max(...stored)];
  const room = BEYOND * (high - low);
  const grid = Float32Array.from(
    { length: CURVE },
    (_, i) => low - room + ((high - low + 2 * room) * i) / (CURVE - 1),
  );
  const columns: Record<string, Column> = { x: grid };
  const curve: FittedPoint[] = [];
  for await (const row of predictRowsTogether(runner, { count: CURVE, columns }, CURVE_DRAWS)) {
    const means = Float64Array.from(row.parts, (part) => part.mean).toSorted();
    const at = (share: number) => means[Math.round(share * (means.length - 1))]!;
    curve.push({
      x: inFile(grid[curve.length]!),
      mean: momentsOf(row).mean,
      total: [quantileOf(row, 0.05), quantileOf(row, 0.95)],
      weights: [at(0.05), at(0.95)],
    });
  }
  const y = targetsOf(dots, target);
  return fitChart(
    curve,
    Array.from(stored, (value, i) => [inFile(value), y[i]!]),
    {
      title,
      subtitle: counted(train.count, "training row"),
      feature: nameOf(x),
      target: nameOf(target),
    },
  );
}

/** What is known of the weights. */
export interface WeightHealth {
  readonly count: number;
  /** The share of them with |μ| < σ, which could as well be 0. */
  readonly prunable: number;
  /** |μ|/σ of each. */
  readonly ratios: readonly number[];
}

/** Undefined where the weights are a point. */
export async function weightHealth(model: Bnn): Promise<WeightHealth | undefined> {
  const ratios: number[] = [];
  for (const { mean, deviation, covariance } of componentMoments(model).flat()) {
    covariance?.dispose();
    const means = await mean.data();
    const deviations = await deviation?.data();
    mean.dispose();
    deviation?.dispose();
    if (!deviations) return undefined;
    for (const [i, value] of means.entries()) ratios.push(Math.abs(value) / deviations[i]!);
  }
  return {
    count: ratios.length,
    prunable: ratios.filter((ratio) => ratio < 1).length / ratios.length,
    ratios,
  };
}

export const weightsPicture = ({ count, prunable, ratios }: WeightHealth, title: string) =>
  weightsChart(ratios, {
    title,
    subtitle: `${count} weights and biases; ${(100 * prunable).toFixed(1)} % have |μ| < σ and could as well be 0`,
  });
