import { writeFileAtomic } from "../base/atomicFile.ts";
import type { PixelCoding } from "../data/codings.ts";
import type { Split } from "../data/dataset.ts";
import { fieldSize, type ImageShape, imageShapeOf } from "../data/field.ts";
import { type Calibration, RESIDUAL_RANGE } from "../evaluation/calibration.ts";
import type { SumOfDisturbances } from "../evaluation/centralLimit.ts";
import { drawSamples, type PixelMode, pairRows, reconstruct } from "../evaluation/pictures.ts";
import type { ResidualNoise } from "../evaluation/residuals.ts";
import type { Model } from "../model/model.ts";
import type { RandomStream } from "../tensors/random.ts";
import { calibrationChart } from "./charts/calibrationChart.ts";
import { noiseChart } from "./charts/noiseChart.ts";
import { imageGrid } from "./imageGrid.ts";

const COLUMNS = 10;

/** Small images are enlarged, so that a grid of them is a picture to look at and not a stamp. */
const enlarge = ([height, width]: ImageShape) => Math.max(1, Math.floor(64 / Math.max(height, width)));

/** A grid of `count` draws from the prior as PNG, as square as `count` allows. */
export async function samplesPng(
  model: Model,
  count: number,
  random: RandomStream,
  pixels: PixelMode = "mean",
): Promise<Buffer> {
  const images = await drawSamples(model, count, random, pixels);
  const shape = imageShapeOf(model.target);
  return imageGrid(images, shape, { columns: Math.ceil(Math.sqrt(count)), scale: enlarge(shape) }).png;
}

/** The first `count` images of a split in rows, below each row its reconstructions, as PNG. */
export async function reconstructionsPng(
  model: Model,
  set: Split,
  coding: PixelCoding,
  count: number,
  pixels: PixelMode = "mean",
  random?: RandomStream,
): Promise<Buffer> {
  const columns = Math.min(COLUMNS, count, set.count);
  const shape = imageShapeOf(model.target);
  const { originals, reconstructions } = await reconstruct(model, set, coding, count, random, pixels);
  const rows = pairRows(originals, reconstructions, columns, fieldSize(model.target));
  return imageGrid(rows, shape, { columns, scale: enlarge(shape) }).png;
}

/** The check of the noise on a split as PNG; `what` names the dataset and the likelihood. */
export const calibrationPng = (calibration: Calibration, split: string, what: string): Promise<Buffer> =>
  calibrationChart(calibration, {
    title: `${what}: is the noise as assumed?`,
    subtitle: `${calibration.images} ${split} images  ·  bars and dots: found  ·  dashed: as assumed`,
    range: RESIDUAL_RANGE,
  });

/** The residuals of a run and the sums of disturbances against the Gaussian, as PNG. */
export const noisePng = (
  residual: ResidualNoise,
  sums: readonly { readonly kind: string; readonly sums: readonly SumOfDisturbances[] }[],
  what: string,
): Promise<Buffer> =>
  noiseChart({
    title: `${what}: the residual, and why MSE`,
    subtitle: `first ${residual.images} test images  ·  blue: found  ·  dashed: the Gaussian of the same mean and variance`,
    residual: {
      title: "Residuals, bins of one grey level",
      note: `${residual.gapPerImage.toFixed(1)} nats per image lost, excess kurtosis ${residual.excessKurtosis.toFixed(1)}`.replaceAll(
        "-",
        "−",
      ),
      curve: sums.find(({ kind }) => kind === "residuals")!.sums[0]!.curve,
    },
    sums: sums.map(({ kind, sums }) =>
      sums.map(({ n, gap, kolmogorov, curve }) => ({
        title: `${kind}, n = ${n}`,
        note: `KL ${gap.toPrecision(2)}, sup ${kolmogorov.toPrecision(2)}`,
        curve,
      })),
    ),
  });

/**
 * Draws a picture into a file. It is worth less than what it was made beside: an error is a warning that says why, and
 * then it returns false.
 */
export async function drawOrWarn(
  file: string,
  draw: () => Promise<Buffer>,
  warn: (text: string) => unknown,
): Promise<boolean> {
  try {
    await writeFileAtomic(file, await draw());
    return true;
  } catch (error) {
    await warn(`Warning: ${file} was not drawn: ${error instanceof Error ? error.message : error}`);
    return false;
  }
}
