import { createHash } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { ALLOGRAPHS } from "../src/data/digits/allographs.ts";
import { DIGITS_VERSION, type DrawnSplit, generateDigits } from "../src/data/digits.ts";

const train = generateDigits({ seed: 0, split: "train", count: 2000 });
const test = generateDigits({ seed: 0, split: "test", count: 1000 });

describe("reproducible", () => {
  it("gives the bytes of this version", () => {
    // A change here is a new dataset: raise DIGITS_VERSION with it.
    expect({ version: DIGITS_VERSION, train: sha256(train), test: sha256(test) }).toMatchInlineSnapshot(`
      {
        "test": "54ebde9aafc80486ea0cc26943c5d74d77334ee8ca4341d5e6a7356ccb2c9be3",
        "train": "901eb1584576435ff7ad9f02edc65a72280e30b74f1f66fe1a1dd21f53673879",
        "version": 1,
      }
    `);
  });

  it("draws image i from (seed, split, i) alone", () => {
    const few = generateDigits({ seed: 0, split: "train", count: 15 });
    expect(few.columns.x).toEqual(train.columns.x.slice(0, few.columns.x.length));
    expect(few.columns.label).toEqual(train.columns.label.slice(0, 15));
    const otherSeed = generateDigits({ seed: 1, split: "train", count: 15 });
    expect(otherSeed.columns.x).not.toEqual(few.columns.x);
    expect(otherSeed.columns.label).not.toEqual(few.columns.label);
  });

  it("uses only arithmetic that IEEE 754 fixes to the last bit", () => {
    const folder = new URL("../src/data/digits/", import.meta.url);
    const files = [new URL("../src/data/digits.ts", import.meta.url)];
    for (const name of readdirSync(folder)) files.push(new URL(name, folder));
    const code = files.map((file) => readFileSync(file, "utf8").replace(/\/\*\*.*?\*\//gs, "")).join("\n");
    const exact = ["ceil", "floor", "max", "min", "round", "sqrt"];
    expect(exact).toEqual(expect.arrayContaining(code.match(/(?<=Math\.)\w+/g)!));
    expect(code).not.toMatch(/\*\*|\.normals?\(/);
  });

  it("are the same in parts", () => {
    const part = generateDigits({ seed: 0, split: "train", from: 995, count: 10 });
    expect(part.columns.x).toEqual(train.columns.x.subarray(995 * 784, 1005 * 784));
    expect(part.columns.label).toEqual(train.columns.label.subarray(995, 1005));
  });
});

describe("images", () => {
  it("have balanced classes in mixed order, whatever the count", () => {
    expect(countLabels(train.columns.label)).toEqual(Array(10).fill(200));
    const odd = countLabels(train.columns.label.subarray(0, 1003));
    expect(Math.max(...odd) - Math.min(...odd)).toBe(1);
    expect(train.columns.label.subarray(0, 10)).not.toEqual(train.columns.label.subarray(10, 20));
  });

  it("are all different, within and across the splits", () => {
    const keys = [...images(train), ...images(test)].map((pixels) => Buffer.from(pixels).toString("latin1"));
    expect(new Set(keys).size).toBe(3000);
  });

  it("have as much ink as MNIST: mean 0.131, standard deviation 0.308 over all pixels", () => {
    const values = Float64Array.from(train.columns.x, (byte) => byte / 255);
    const mean = average(values);
    const deviation = Math.sqrt(average(values.map((v) => (v - mean) * (v - mean))));
    expect(Math.abs(mean - 0.131)).toBeLessThan(0.01);
    expect(Math.abs(deviation - 0.308)).toBeLessThan(0.01);
  });

  it("are none of them empty, and leave the border blank", () => {
    const all = [...images(train), ...images(test)];
    expect(all.length).toBe(train.count + test.count);
    for (const pixels of all) {
      expect(average(pixels) / 255).toBeGreaterThan(0.02);
      expect(Math.max(...pixels)).toBeGreaterThan(200);
      for (let i = 0; i < 28; i++) {
        const border = [pixels[i], pixels[27 * 28 + i], pixels[28 * i], pixels[28 * i + 27]];
        if (border.some((byte) => byte !== 0)) expect.fail(`ink on the border: ${border}`);
      }
    }
  });

  it("tell their class: the nearest of 2000 training images agrees (0.94; MNIST 0.87)", () => {
    const count = 500;
    let agree = 0;
    for (let i = 0; i < count; i++) {
      if (train.columns.label[nearest(train, imageOf(test, i))] === test.columns.label[i]) agree++;
    }
    expect(agree / count).toBeGreaterThan(0.91);
  });

  it("vary mostly within the classes (share of the variance 0.78; MNIST 0.79)", () => {
    const all = [...images(train)];
    const total = variance(all);
    for (let digit = 0; digit < 10; digit++) {
      const share = variance(all.filter((_, i) => train.columns.label[i] === digit)) / total;
      expect(share).toBeGreaterThan(digit === 1 ? 0.35 : 0.6); // a 1 is short of ink, in MNIST too
    }
  });
});

describe("allographs", () => {
  it.each([...ALLOGRAPHS.entries()])("%i: masters share their strokes and points", (_, allographs) => {
    expect(allographs.length).toBeGreaterThan(0);
    for (const { masters } of allographs) {
      const shapes = masters.map((strokes) => strokes.map((points) => points.length).join(" "));
      expect(new Set(shapes).size).toBe(1);
      expect(masters.length).toBeGreaterThan(1);
      expect(masters.flat(2).length).toBeGreaterThan(1);
      for (const { x, y } of masters.flat(2)) expect(Number.isFinite(x + y)).toBe(true);
    }
  });
});

function sha256({ columns }: DrawnSplit): string {
  return createHash("sha256").update(columns.x).update(columns.label).digest("hex");
}

function imageOf({ columns }: DrawnSplit, i: number): Uint8Array {
  return columns.x.subarray(i * 784, (i + 1) * 784);
}

function* images(set: DrawnSplit): Generator<Uint8Array> {
  for (let i = 0; i < set.count; i++) yield imageOf(set, i);
}

function countLabels(labels: Uint8Array): number[] {
  const counts: number[] = Array(10).fill(0);
  for (const label of labels) counts[label]! += 1;
  return counts;
}

function average(values: Uint8Array | Float64Array): number {
  let sum = 0;
  for (const value of values) sum += value;
  return sum / values.length;
}

/** Sum over pixels of the variance over `set`. */
function variance(set: readonly Uint8Array[]): number {
  let total = 0;
  for (let p = 0; p < 784; p++) {
    let [sum, squares] = [0, 0];
    for (const pixels of set) {
      sum += pixels[p]!;
      squares += pixels[p]! * pixels[p]!;
    }
    total += squares / set.length - (sum / set.length) * (sum / set.length);
  }
  return total;
}

/** Index of the image of `set` with the least squared distance to `pixels`. */
function nearest(set: DrawnSplit, pixels: Uint8Array): number {
  let [best, bestDistance] = [-1, Number.POSITIVE_INFINITY];
  for (let i = 0; i < set.count; i++) {
    let distance = 0;
    for (let p = 0; p < 784 && distance < bestDistance; p++) {
      const difference = pixels[p]! - set.columns.x[i * 784 + p]!;
      distance += difference * difference;
    }
    if (distance < bestDistance) [best, bestDistance] = [i, distance];
  }
  return best;
}
