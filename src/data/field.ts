import { VaeError } from "../base/errors.ts";

interface NamedColumn {
  readonly name: string;
  /** Of one example; [] for a number. */
  readonly shape: readonly number[];
  readonly show: "image" | "value";
  /** What each of the D values is called, as columns of a table are. */
  readonly valueNames?: readonly string[];
}

/** Levels of brightness, real numbers, or counts 0, 1, 2 … */
interface NumberField extends NamedColumn {
  readonly kind: "bytes" | "real" | "count";
  /** Of levels, which go from 0, black, to this one: 255 without it, and up to 65535. */
  readonly white?: number;
  /** Where stored values are standardised: what they stand for is mean + deviation · stored, for each of the D values. */
  readonly standardized?: Standardization;
}

export interface Standardization {
  readonly mean: readonly number[];
  readonly deviation: readonly number[];
}

/** Classes 0 … K − 1. */
export interface ClassField extends NamedColumn {
  readonly kind: "class";
  /** K */
  readonly classCount: number;
  readonly classNames?: readonly string[];
}

/** A named column of a dataset: what it holds for one example, and how that is shown. */
export type Field = NumberField | ClassField;

/** The level that is white. */
export const whiteOf = (field: Field): number => (field.kind === "bytes" && field.white) || 255;

/** A field whose values are levels from 0 to `white`. */
export function withWhite(field: Field, white: number): Field {
  if (field.kind !== "bytes") return field;
  const { white: _, ...rest } = field;
  return white === 255 ? rest : { ...rest, white };
}

/** By their names. */
export type Fields = Readonly<Record<string, Field>>;

/** D, how many values one example has: H·W·C of an image. */
export const fieldSize = ({ shape }: Pick<Field, "shape">): number =>
  shape.reduce((size, length) => size * length, 1);

/** The field of this name, which must be there. */
export function fieldOf(fields: Fields, name: string): Field {
  const field = fields[name];
  if (field) return field;
  throw new VaeError(
    "usage",
    `The dataset has no field ${name}, which the model reads. It has ${Object.keys(fields).join(", ")}.`,
  );
}

/** Height, width and channels of one image. */
export type ImageShape = readonly [height: number, width: number, channels: number];

/** The shape of a field that is shown as an image. */
export function imageShapeOf({ name, shape, show }: Field): ImageShape {
  if (show !== "image" || shape.length !== 3) throw new Error(`the field ${name} is no image [H, W, C]`);
  return shape as readonly number[] as ImageShape;
}
