import { extname } from "node:path";
import { writeFileAtomic } from "../base/atomicFile.ts";
import { counted } from "../base/counted.ts";
import type { PixelCoding } from "../data/codings.ts";
import { part, type Split } from "../data/dataset.ts";
import { fieldSize, imageShapeOf } from "../data/field.ts";
import { type Calibration, RESIDUAL_RANGE } from "../evaluation/calibration.ts";
import type { SumOfDisturbances } from "../evaluation/centralLimit.ts";
import { drawSamples, type PixelMode, reconstruct } from "../evaluation/pictures.ts";
import type { ResidualNoise } from "../evaluation/residuals.ts";
import type { Model } from "../model/model.ts";
import { hasLatents } from "../model/vae.ts";
import type { RandomStream } from "../tensors/random.ts";
import { calibrationChart } from "./charts/calibrationChart.ts";
import type { Drawing } from "./charts/drawing.ts";
import { noiseChart } from "./charts/noiseChart.ts";
import { givenPairsFigure } from "./conditionalGrid.ts";
import { imageSheet } from "./imageSheet.ts";

const COLUMNS = 10;

/** What is above a picture of a run's images, and how these are drawn. */
export interface PictureOptions {
  readonly title: string;
  readonly random?: RandomStream;
  /** Default mean. */
  readonly pixels?: PixelMode;
}

/** `count` draws from the prior in rows, as square as `count` allows, each row with the numbers of its images. */
export async function samplesFigure(
  model: Model,
  count: number,
  { title, random, pixels = "mean" }: PictureOptions & { readonly random: RandomStream },
): Promise<Drawing> {
  const images = await drawSamples(model, count, random, pixels);
  const shape = imageShapeOf(model.target);
  const columns = Math.ceil(Math.sqrt(count));
  const rows = rowsOf(images, columns, fieldSize(model.target)).map((images, row) => ({
    label: placesText(row * columns, Math.min(columns, count - row * columns)),
    images,
  }));
  const subtitle = `${counted(count, "draw")} from the prior: ${pixels === "mean" ? "E[x|z]" : "x ~ p(x|z), with noise"}, z ~ p(z)`;
  return imageSheet({ title, subtitle, rows, columns, shape });
}

/** The first `count` images of a split in rows, below each row its reconstructions; with its y, of a model that is given one. */
export async function reconstructionsFigure(
  model: Model,
  { set, name }: { readonly set: Split; readonly name: string },
  coding: PixelCoding,
  count: number,
  { title, random, pixels = "mean" }: PictureOptions,
): Promise<Drawing> {
  const { originals, reconstructions } = await reconstruct(model, set, coding, count, random, pixels);
  const shown = Math.min(count, set.count);
  const of = hasLatents(model) ? (model.given ? "z, y" : "z") : "y";
  const told = pixels === "mean" ? `E[x|${of}]` : `x ~ p(x|${of})`;
  const subtitle =
    `${name} images ${placesText(0, shown)} and their reconstructions: ${told}` +
    `${pixels === "mean" ? "" : ", with noise"}${hasLatents(model) ? ", z = E[z|x]" : ""}`;
  if (model.given) {
    const images = { first: part(set, [model.given], 0, shown), originals, reconstructions };
    return givenPairsFigure(model, images, { title, subtitle, reconstruction: told });
  }
  const columns = Math.min(COLUMNS, shown);
  const [above, below] = [originals, reconstructions].map((images) =>
    rowsOf(images, columns, fieldSize(model.target)),
  ) as [Uint8Array[], Uint8Array[]];
  const rows = above.flatMap((images, row) => [
    { label: `x ${placesText(row * columns, Math.min(columns, shown - row * columns))}`, images },
    { label: told, images: below[row]!, joined: true },
  ]);
  return imageSheet({ title, subtitle, rows, columns, shape: imageShapeOf(model.target) });
}

/** `0–9` */
export const placesText = (first: number, count: number) =>
  count === 1 ? `${first}` : `${first}–${first + count - 1}`;

/** Images of `size` bytes, so many to a row. */
const rowsOf = (images: Uint8Array, columns: number, size: number): Uint8Array[] =>
  Array.from({ length: Math.ceil(images.length / (columns * size)) }, (_, row) =>
    images.subarray(row * columns * size, (row + 1) * columns * size),
  );

/** The check of the noise on a split; `what` names the dataset and the likelihood. */
export const calibrationFigure = (calibration: Calibration, split: string, what: string): Drawing =>
  calibrationChart(calibration, {
    title: `${what}: is the noise as assumed?`,
    subtitle: `${counted(calibration.images, `${split} image`)}  ·  bars and dots: found  ·  dashed: as assumed`,
    range: RESIDUAL_RANGE,
  });

/** The residuals of a run and the sums of disturbances against the Gaussian. */
export const noiseFigure = (
  residual: ResidualNoise,
  sums: readonly { readonly kind: string; readonly sums: readonly SumOfDisturbances[] }[],
  what: string,
): Drawing =>
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

/** Writes a figure in the format that the name of its file says: .svg, or else PNG. */
export const writeFigure = async (file: string, drawing: Drawing): Promise<void> =>
  writeFileAtomic(file, extname(file) === ".svg" ? drawing.svg : await drawing.png());

/**
 * Draws a picture into a file. It is worth less than what it was made beside: an error is a warning that says why, and
 * then it returns false.
 */
export async function drawOrWarn(
  file: string,
  draw: () => Drawing | Promise<Drawing>,
  warn: (text: string) => unknown,
): Promise<boolean> {
  try {
    await writeFigure(file, await draw());
    return true;
  } catch (error) {
    await warn(`Warning: ${file} was not drawn: ${error instanceof Error ? error.message : error}`);
    return false;
  }
}
