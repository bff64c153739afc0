import { columnOf } from "../data/codedFields.ts";
import type { Column, Split } from "../data/dataset.ts";
import { type Field, fieldSize, type ImageShape, imageShapeOf, whiteOf } from "../data/field.ts";
import {
  drawGiven,
  drawsOf,
  MEAN_DRAWS,
  type Observations,
  type Predictions,
  predict,
} from "../evaluation/observations.ts";
import type { PixelMode } from "../evaluation/pictures.ts";
import { isDensity, type Model } from "../model/model.ts";
import { hasLatents } from "../model/vae.ts";
import type { RandomStream } from "../tensors/random.ts";
import type { Drawing } from "./charts/drawing.ts";
import { formatValue } from "./charts/formatNumber.ts";
import { type GridCell, labelledGrid } from "./labelledGrid.ts";

/** A column of a picture: its title, a cell for each row, and what is to be said of its tones. */
interface PictureColumn {
  readonly name: string;
  readonly cells: readonly GridCell[];
  readonly note?: string;
}

/** For each y: y, the x it came from where that is known, the mean of p(x|y), and draws. */
export async function conditionalSamplesFigure(
  model: Model,
  observations: Observations,
  { draws, pixels, random, title }: { draws: number; pixels: PixelMode; random: RandomStream; title: string },
): Promise<Drawing> {
  const latent = hasLatents(model);
  const { mean } = await predict(model, observations, drawsOf(model), random.fork("mean"));
  const drawn: Float32Array[] = [];
  for (let k = 0; k < (latent || pixels === "draw" ? draws : 0); k++)
    drawn.push(await drawGiven(model, observations, random.fork(k), pixels));
  const notes = [
    latent ? `mean: E[x|y] over ${MEAN_DRAWS} draws of z` : "mean: E[x|y], there is no z to draw",
    ...(drawn.length === 0 ? [] : [drawNote(latent, pixels)]),
  ];
  const images: [string, Float32Array][] = [
    ["mean", mean],
    ...drawn.map((x, k): [string, Float32Array] => [`${latent ? "draw" : "noise"} ${k + 1}`, x]),
  ];
  return gridOf(model, observations, title, notes, imageColumns(model, observations, images));
}

const drawNote = (latent: boolean, pixels: PixelMode) =>
  !latent
    ? "noise: x ~ p(x|y), which differ by the noise alone"
    : `draws: ${pixels === "draw" ? "x ~ p(x|z, y), with noise" : "E[x|z, y]"}, z ~ p(z|y)`;

/** For each y: y, the x it came from where that is known, mean and standard deviation of p(x|y). */
export function predictionsFigure(
  model: Model,
  observations: Observations,
  { mean, std }: Predictions,
  {
    draws,
    title,
    beside = [],
  }: {
    draws: number;
    title: string;
    /** Other estimates of x, shown before the mean. */
    beside?: readonly (readonly [name: string, values: Float32Array])[];
  },
): Drawing {
  const most = largest(std);
  const shape = imageShapeOf(model.target);
  const spread = imageCells(std, shape, [0, most || 1]);
  const noise = isDensity(model) ? "" : ", without noise, as a loss has none";
  const notes = [
    hasLatents(model) ? `mean: E[x|y] over ${draws} draws of z` : "mean: E[x|y]",
    `std: of ${draws} draws from p(x|y)${noise}, 0 (black) to ${formatValue(most)} (white)`,
  ];
  return gridOf(model, observations, title, notes, [
    ...imageColumns(model, observations, [...beside, ["mean", mean]]),
    { name: "std", cells: spread },
  ]);
}

/** Examples beside each other in a row. */
const GROUPS = 3;

/** Images and their reconstructions, bytes [count, H, W, C], each beside the y that it was given. */
export function givenPairsFigure(
  model: Model,
  images: { readonly first: Split; readonly originals: Uint8Array; readonly reconstructions: Uint8Array },
  { title, subtitle, reconstruction }: { title: string; subtitle: string; reconstruction: string },
): Drawing {
  const shape = imageShapeOf(model.target);
  const given = givenColumn(model.given!, columnOf(images.first, model.given!));
  const cells = [images.originals, images.reconstructions].map((bytes) => cellsOf(bytes, shape));
  const columns = [given.cells, ...cells];
  const groups = Math.min(GROUPS, given.cells.length);
  const apart: GridCell = { text: "" };
  const inGroups = <T>(of: (group: number) => readonly T[], between: T): T[] =>
    Array.from({ length: groups }, (_, group) => [...(group > 0 ? [between] : []), ...of(group)]).flat();
  return labelledGrid({
    title,
    subtitle: [subtitle, ...(given.note ? [given.note] : [])].join("  ·  "),
    columns: inGroups(() => ["y", "x", reconstruction], " "),
    rows: Array.from({ length: Math.ceil(given.cells.length / groups) }, (_, row) => {
      const first = row * groups;
      const last = Math.min(first + groups, given.cells.length) - 1;
      return {
        label: first === last ? `${first}` : `${first}–${last}`,
        cells: inGroups((group) => columns.map((cells) => cells[first + group] ?? apart), apart),
      };
    }),
    size: [shape[0], shape[1]],
  });
}

function gridOf(
  model: Model,
  { set, names }: Observations,
  title: string,
  notes: readonly string[],
  images: readonly PictureColumn[],
): Drawing {
  const [height, width] = imageShapeOf(model.target);
  const columns = [givenColumn(model.given!, columnOf(set, model.given!)), ...images];
  return labelledGrid({
    title,
    subtitle: [...columns.flatMap(({ note }) => note ?? []), ...notes].join("  ·  "),
    columns: columns.map(({ name }) => name),
    rows: names.map((label, row) => ({ label, cells: columns.map(({ cells }) => cells[row]!) })),
    size: [height, width],
  });
}

/** The truth, where it is known, and images beside it, all in the same tones. */
function imageColumns(
  { target }: Model,
  { set }: Observations,
  images: readonly (readonly [name: string, values: Float32Array])[],
): PictureColumn[] {
  const known = set.columns[target.name];
  const all = [...(known ? [["truth", inUnits(target, known)] as const] : []), ...images];
  const tones = tonesFor(
    target,
    all.map(([, values]) => values),
  );
  return all.map(([name, values]) => ({ name, cells: imageCells(values, imageShapeOf(target), tones) }));
}

type Range = readonly [least: number, most: number];

const UNIT: Range = [0, 1];

/** Levels as the model's units, 0 … 1. */
export const inUnits = (field: Field, column: Column): Float32Array =>
  field.kind === "bytes" ? Float32Array.from(column, (v) => v / whiteOf(field)) : Float32Array.from(column);

const largest = (values: Float32Array) => values.reduce((most, value) => Math.max(most, value), 0);

const rangeOf = (values: Float32Array): Range => [
  values.reduce((least, value) => Math.min(least, value), Number.POSITIVE_INFINITY),
  values.reduce((most, value) => Math.max(most, value), Number.NEGATIVE_INFINITY),
];

const widest = ([a, b]: Range, [c, d]: Range): Range => [Math.min(a, c), Math.max(b, d)];

/** What is within 0 … 1 is shown as it is, all else from its own least to its own most. */
const tonesOf = (range: Range): Range => (range[0] >= 0 && range[1] <= 1 ? UNIT : range);

/** The same for images that are shown beside each other; of levels all that there are. */
export const tonesFor = ({ kind }: Field, images: readonly Float32Array[]): Range =>
  kind === "bytes" ? UNIT : tonesOf(images.map(rangeOf).reduce(widest));

/** Images [count, H, W, C] as bytes, from black to white over `tones`, cut off outside. */
export function imageCells(values: Float32Array, shape: ImageShape, [black, white]: Range): GridCell[] {
  const scale = white > black ? 255 / (white - black) : 0;
  const bytes = Uint8Array.from(values, (value) =>
    Math.round(Math.min(255, Math.max(0, (value - black) * scale))),
  );
  return cellsOf(bytes, shape);
}

/** Bytes [count, H, W, C], an image to each cell. */
function cellsOf(bytes: Uint8Array, shape: ImageShape): GridCell[] {
  const D = fieldSize({ shape });
  return Array.from({ length: bytes.length / D }, (_, i) => ({
    bytes: bytes.subarray(i * D, (i + 1) * D),
    shape,
  }));
}

function givenColumn(given: Field, column: Column): PictureColumn {
  if (given.show !== "image" || given.shape.length !== 3)
    return { name: "y", cells: textCells(given, column) };
  const shape = imageShapeOf(given);
  const values = inUnits(given, column);
  const hidden = withoutMask(values, shape);
  const tones = tonesOf(rangeOf(hidden.values));
  const note =
    tones === UNIT ? {} : { note: `y: ${formatValue(tones[0])} (black) to ${formatValue(tones[1])} (white)` };
  return { name: "y", cells: hidden.paint(imageCells(hidden.values, hidden.shape, tones)), ...note };
}

/** Of what is not seen: a tone that no grey image has. */
const HOLE = [0xb8, 0xc4, 0xe0] as const;

/** An even number of channels: the last is 1 where the others are seen. What is not seen is painted in a tone of its own. */
function withoutMask(values: Float32Array, [height, width, channels]: ImageShape) {
  if (channels !== 2 && channels !== 4)
    return { values, shape: [height, width, channels] as ImageShape, paint: (cells: GridCell[]) => cells };
  const own = channels - 1;
  const pixels = values.length / channels;
  const seen = Array.from({ length: pixels }, (_, i) => values[i * channels + own]! > 0.5);
  const image = Float32Array.from(
    { length: pixels * own },
    (_, i) => values[Math.floor(i / own) * channels + (i % own)]!,
  );
  const paint = (cells: GridCell[]): GridCell[] =>
    cells.map((cell, row) => {
      if ("text" in cell) return cell;
      const bytes = new Uint8Array(height * width * 3);
      for (let p = 0; p < height * width; p++)
        for (let c = 0; c < 3; c++)
          bytes[3 * p + c] = seen[row * height * width + p]
            ? cell.bytes[p * own + (own === 1 ? 0 : c)]!
            : HOLE[c]!;
      return { bytes, shape: [height, width, 3] };
    });
  return { values: image, shape: [height, width, own] as ImageShape, paint };
}

/** A class by its name; numbers as they are. */
function textCells(given: Field, column: Column): GridCell[] {
  const D = fieldSize(given);
  const nameOf = (value: number) =>
    given.kind === "class" ? (given.classNames?.[value] ?? `${value}`) : formatValue(value);
  return Array.from({ length: column.length / D }, (_, i) => ({
    text: Array.from(column.subarray(i * D, (i + 1) * D), nameOf).join(", "),
  }));
}
