import type { Column, SourceData, Split } from "./dataset.ts";

/**
 * Bytes go from 0, black, to 255, white. A dataset whose bytes are all 0 or 1 is of black and white pixels, whatever its
 * likelihood, and is taken so. One that stays in the darker half is taken as it is, but most likely means something else,
 * such as 16 levels in 0 … 15; `warn` is told either way.
 */
export function withWholeRange(name: string, source: SourceData, warn: (text: string) => void): SourceData {
  return Object.values(source.fields)
    .filter(({ kind, show }) => kind === "bytes" && show === "image")
    .reduce((data, field) => scaled(name, data, field.name, warn), source);
}

function scaled(name: string, data: SourceData, field: string, warn: (text: string) => void): SourceData {
  const { train, validation, test } = data;
  const splits = [train, validation, test].filter((split) => split !== undefined);
  const brightest = Math.max(...splits.map(({ columns }) => brightestOf(columns[field])));
  if (brightest > DARK) return data;
  if (brightest === 1) {
    warn(`Every pixel of ${name} is 0 or 1: they are read as black and white, 0 and 255.`);
    return {
      ...data,
      train: stretched(train, field),
      ...(validation && { validation: stretched(validation, field) }),
      ...(test && { test: stretched(test, field) }),
    };
  }
  if (brightest === 0) warn(`Every pixel of ${name} is 0: all of its images are black.`);
  else {
    const factor = Number((255 / brightest).toPrecision(4));
    warn(
      `The brightest pixel of ${name} is ${brightest}, and 255 is white: to the model its images are dark. ` +
        `If ${brightest} is to be white, multiply the bytes by ${factor} first.`,
    );
  }
  return data;
}

const DARK = 127;

/** Of ordinary images the first that is bright ends the search. */
function brightestOf(pixels: Column | undefined): number {
  let brightest = 0;
  for (const pixel of pixels ?? []) {
    if (pixel > brightest) brightest = pixel;
    if (brightest > DARK) break;
  }
  return brightest;
}

const stretched = ({ count, columns }: Split, field: string): Split => ({
  count,
  columns: { ...columns, [field]: columns[field]!.map((pixel) => 255 * pixel) },
});
