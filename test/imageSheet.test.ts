import { PNG } from "pngjs";
import { describe, expect, test } from "vitest";
import { imageSheet } from "../src/figures/imageSheet.ts";

/** Two pairs of rows of 2 x 2 images, each of one grey: 10 and 20 above 110 and 120, 30 above 130. */
const grey = (...levels: number[]) => Uint8Array.from(levels.flatMap((level) => Array(4).fill(level)));
const pairs = imageSheet({
  title: "digits, gaussian likelihood",
  subtitle: "test images 0–2",
  columns: 2,
  shape: [2, 2, 1],
  rows: [
    { label: "x 0–1", images: grey(10, 20) },
    { label: "E[x|z]", images: grey(110, 120), joined: true },
    { label: "x 2", images: grey(30) },
    { label: "E[x|z]", images: grey(130), joined: true },
  ],
});

describe("a sheet of images", () => {
  test("has its title, what it shows, and a label for each row", () => {
    const texts = [...pairs.svg.matchAll(/<text[^>]*>([^<]+)</g)].map(([, text]) => text);
    expect(texts).toEqual([
      ...["digits, gaussian likelihood", "test images 0–2", "x 0–1", "E[x|z]", "x 2", "E[x|z]"],
    ]);
    expect(pairs.svg).toContain('font-family="DejaVu Sans, Verdana, sans-serif"'); // of the same widths
  });

  test("shows every pixel as large as the others, and pairs apart from each other", async () => {
    const { width, height, data } = PNG.sync.read(await pairs.png(1));
    const rowsOf = (level: number) =>
      Array.from({ length: height }, (_, y) => y).filter((y) =>
        Array.from({ length: width }, (_, x) => data[4 * (y * width + x)]).includes(level),
      );
    const [first, below, second] = [10, 110, 30].map(rowsOf);
    expect(first).toHaveLength(2 * 32);
    expect(second).toHaveLength(2 * 32);
    const [toItsOwn, toTheNext] = [below![0]! - first!.at(-1)!, second![0]! - below!.at(-1)!];
    expect(toItsOwn).toBe(32 + 1); // one pixel of an image
    expect(toTheNext).toBeGreaterThan(1.5 * toItsOwn);
  });
});
