import { createHash } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { OUTLINES, type Outline } from "../src/data/shapes/outlines.ts";
import { type Factors, paint } from "../src/data/shapes/paint.ts";
import { FACTORS, generateShapes, SHAPES_VERSION, type ShapesSplit } from "../src/data/shapes.ts";

const SIDE = 64;
const K = OUTLINES.length;
const train = generateShapes({ seed: 0, split: "train", side: SIDE, count: 300 });
const names = Object.keys(FACTORS) as (keyof Factors)[];

const D = SIDE * SIDE * 3;

const sha256 = ({ columns }: ShapesSplit) => {
  const hash = createHash("sha256").update(columns.x).update(columns.label);
  for (const name of names) hash.update(columns[name]);
  return hash.digest("hex");
};

describe("reproducible", () => {
  it("gives the bytes of this version", () => {
    // A change here is a new dataset: raise SHAPES_VERSION with it.
    const small = generateShapes({ seed: 0, split: "test", side: 28, count: 300 });
    expect({
      version: SHAPES_VERSION,
      train: sha256(train),
      small: sha256(small),
    }).toMatchInlineSnapshot(`
      {
        "small": "73ceda5c851d66d8c31c56862ed0f03d0393d9876f5b3a3f6d10460b2f08afb9",
        "train": "209f41311f7d7f3b0f0fe583d5dbc4254a80d13af31bee9c146756cbebc8ea77",
        "version": 1,
      }
    `);
  });

  it("draws image i from (seed, split, i) alone", () => {
    const part = generateShapes({ seed: 0, split: "train", side: SIDE, from: 95, count: 20 });
    expect(Buffer.compare(part.columns.x, train.columns.x.subarray(95 * D, 115 * D))).toBe(0);
    for (const name of [...names, "label"] as const) {
      expect(part.columns[name], name).toEqual(train.columns[name].subarray(95, 115));
    }
    const other = (more: object) =>
      generateShapes({ seed: 0, split: "train", side: SIDE, count: 20, ...more }).columns;
    for (const columns of [other({ seed: 1 }), other({ split: "test" })]) {
      expect(columns.hue).not.toEqual(train.columns.hue.subarray(0, 20));
      expect(columns.label).not.toEqual(train.columns.label.subarray(0, 20));
    }
  });

  it("has the same shapes and factors in another size", () => {
    const { x: _, ...small } = generateShapes({ seed: 0, split: "train", side: 16, count: 300 }).columns;
    const { x: __, ...large } = train.columns;
    expect(small).toEqual(large);
  });

  it("uses only arithmetic that IEEE 754 fixes to the last bit", () => {
    const folder = new URL("../src/data/shapes/", import.meta.url);
    const files = [new URL("../src/data/shapes.ts", import.meta.url)];
    for (const name of readdirSync(folder)) files.push(new URL(name, folder));
    const code = files.map((file) => readFileSync(file, "utf8").replace(/\/\*\*.*?\*\//gs, "")).join("\n");
    const exact = ["PI", "abs", "ceil", "floor", "max", "min", "round", "sqrt"];
    expect(exact).toEqual(expect.arrayContaining(code.match(/(?<=Math\.)\w+/g)!));
    expect(code).not.toMatch(/\*\*|\.normals?\(|= Math;/);
  });
});

describe("factors", () => {
  it("are balanced classes, and fill their ranges evenly and independently of each other", () => {
    const many = generateShapes({ seed: 3, split: "train", side: 16, count: 3000 }).columns;
    const counts = Array<number>(K).fill(0);
    for (const label of many.label) counts[label]! += 1;
    expect(counts).toEqual(Array(K).fill(3000 / K));
    const standardised = names.map((name) => {
      const [least, most] = FACTORS[name];
      const shares = Float64Array.from(many[name], (value) => (value - least) / (most - least));
      expect(Math.min(...shares), name).toBeGreaterThan(-1e-6);
      expect(Math.max(...shares), name).toBeLessThan(1 + 1e-6);
      return shares.map((share) => (share - 1 / 2) * Math.sqrt(12)); // of mean 0 and variance 1
    });
    standardised.push(Float64Array.from(many.label, (k) => (k - (K - 1) / 2) / Math.sqrt((K * K - 1) / 12)));
    for (const [i, a] of standardised.entries()) {
      // The mean, the variance and each correlation with another lie within four standard errors, 1/√3000 at most.
      expect(Math.abs(average(a)) * Math.sqrt(3000)).toBeLessThan(4);
      for (const [j, b] of standardised.entries()) {
        const correlation = average(a.map((value, n) => value * b[n]!));
        expect(Math.abs(correlation - (i === j ? 1 : 0)) * Math.sqrt(3000), `${i}, ${j}`).toBeLessThan(4);
      }
    }
  });

  it("are what the pixels show: colour, area, centre of mass", () => {
    for (let i = 0; i < train.count; i++) {
      const seen = measure(train.columns.x.subarray(i * D, (i + 1) * D));
      const { hue, size, positionX, positionY } = train.columns;
      const away = Math.abs(seen.hue - hue[i]!);
      expect(Math.min(away, 1 - away)).toBeLessThan(1 / (6 * 204)); // half of a step of a byte, and rounding
      expect(Math.abs(Math.sqrt(seen.area) / (SIDE * size[i]!) - 1)).toBeLessThan(0.01);
      expect(Math.abs(seen.x - SIDE * positionX[i]!)).toBeLessThan(0.1);
      expect(Math.abs(seen.y - SIDE * positionY[i]!)).toBeLessThan(0.1);
    }
  });

  it.each([...OUTLINES])("turn a $name clockwise", (outline: Outline) => {
    const side = 96;
    const image = (angle: number) =>
      painted(outline, { hue: 0, size: 0.36, positionX: 0.5, positionY: 0.5, angle }, side);
    const upright = image(0);
    const { area } = measure(upright, side);
    for (const angle of [-30, 10, 30]) {
      const turned = image(angle);
      expect(differing(turned, turnedByHand(upright, angle, side))).toBeLessThan(0.06 * area); // at the edge
      expect(differing(turned, turnedByHand(upright, -angle, side))).toBeGreaterThan(0.1 * area);
    }
  });

  it("never let a shape reach the edge", () => {
    const [, largest] = FACTORS.size;
    for (const { name, reach, area } of OUTLINES) {
      const farthest = (largest * reach) / Math.sqrt(area);
      for (const [least, most] of [FACTORS.positionX, FACTORS.positionY]) {
        expect(least - farthest, name).toBeGreaterThan(0);
        expect(most + farthest, name).toBeLessThan(1);
      }
    }
  });
});

describe("outlines", () => {
  // Over a grid of 400 points a side of the square around it, whose own error is about 1/400 of the outline.
  it.each(OUTLINES)("a $name has its area, its centre of mass and its reach", ({ area, reach, isInside }) => {
    const step = (2 * reach) / 400;
    let [count, u, v, farthest] = [0, 0, 0, 0];
    for (let a = -reach + step / 2; a < reach; a += step) {
      for (let b = -reach + step / 2; b < reach; b += step) {
        if (!isInside(a, b)) continue;
        count++;
        u += a;
        v += b;
        farthest = Math.max(farthest, Math.hypot(a, b));
      }
    }
    expect(Math.abs((count * step * step) / area - 1)).toBeLessThan(0.01);
    expect(Math.abs(u / count)).toBeLessThan(0.01 * reach);
    expect(Math.abs(v / count)).toBeLessThan(0.01 * reach);
    expect(farthest).toBeGreaterThan(0.96 * reach); // a sharp point lies between points of the grid
  });
});

/** What an image shows, in pixels: how much of it is covered, and where, by how bright its brightest channel is. */
function measure(image: Uint8Array, side = SIDE) {
  let [area, x, y] = [0, 0, 0];
  let brightest: readonly number[] = [0, 0, 0];
  for (let row = 0; row < side; row++) {
    for (let column = 0; column < side; column++) {
      const at = 3 * (row * side + column);
      const colour = [image[at]!, image[at + 1]!, image[at + 2]!];
      const covered = Math.max(...colour) / 255;
      area += covered;
      x += covered * (column + 0.5);
      y += covered * (row + 0.5);
      if (covered > Math.max(...brightest) / 255) brightest = colour;
    }
  }
  return { area, x: x / area, y: y / area, hue: hueOf(brightest as [number, number, number]) };
}

/** Of red, green and blue, as computer graphics has it: 0, 1/3 and 2/3. */
function hueOf([r, g, b]: readonly [number, number, number]): number {
  const most = Math.max(r, g, b);
  const range = most - Math.min(r, g, b);
  const sixth = most === r ? (g - b) / range : most === g ? 2 + (b - r) / range : 4 + (r - g) / range;
  return (sixth / 6 + 1) % 1;
}

function painted(outline: Outline, factors: Factors, side: number): Uint8Array {
  const image = new Uint8Array(side * side * 3);
  paint(outline, factors, side, image);
  return image;
}

/** In how many pixels two red images differ. */
const differing = (one: Uint8Array, other: Uint8Array) =>
  one.reduce((sum, byte, i) => sum + (i % 3 === 0 ? Math.abs(byte - other[i]!) / 255 : 0), 0);

/** The nearest pixel of where each comes from, about the centre; y points down. */
function turnedByHand(image: Uint8Array, degrees: number, side: number): Uint8Array {
  const [cos, sin] = [Math.cos((degrees * Math.PI) / 180), Math.sin((degrees * Math.PI) / 180)];
  return image.map((_, i) => {
    const [y, x] = [Math.floor(i / (3 * side)) - (side - 1) / 2, (Math.floor(i / 3) % side) - (side - 1) / 2];
    const [fromX, fromY] = [cos * x + sin * y, cos * y - sin * x].map((v) => Math.round(v + (side - 1) / 2));
    const isInside = fromX! >= 0 && fromX! < side && fromY! >= 0 && fromY! < side;
    return isInside ? image[3 * (fromY! * side + fromX!) + (i % 3)]! : 0;
  });
}

const average = (values: Float64Array) => values.reduce((sum, value) => sum + value, 0) / values.length;
