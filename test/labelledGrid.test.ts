import { PNG } from "pngjs";
import { beforeAll, describe, expect, test } from "vitest";
import { useBackend } from "../src/backends/index.ts";
import type { Field } from "../src/data/field.ts";
import { firstObservations, type Observations, predict } from "../src/evaluation/observations.ts";
import { FONT_FAMILY, textWidth } from "../src/figures/charts/font.ts";
import { conditionalSamplesFigure, predictionsFigure } from "../src/figures/conditionalGrid.ts";
import { labelledGrid, labelledGridSvg } from "../src/figures/labelledGrid.ts";
import { likelihoodSchema, likelihoods } from "../src/model/likelihoods/index.ts";
import type { Model } from "../src/model/model.ts";
import { Parameters } from "../src/tensors/parameters.ts";
import { RandomStream } from "../src/tensors/random.ts";
import * as tf from "../src/tensors/tf.ts";

const grey = (level: number, height = 28, width = 28) => ({
  bytes: new Uint8Array(height * width).fill(level),
  shape: [height, width, 1] as const,
});

const numbers = (svg: string, pattern: RegExp) =>
  [...svg.matchAll(pattern)].map(([, ...parts]) =>
    parts.map((part) => (/^-?[\d.]+$/.test(part!) ? Number(part) : part!)),
  );

describe("a labelled grid", () => {
  const many = {
    title: "a title that is long enough to be broken at the edge of a picture with few columns, twice",
    subtitle:
      "y: −5.00 (black) to 14.70 (white)  ·  mean: E[x|y] over 64 draws of z  ·  draws: E[x|z, y], z ~ p(z|y)",
    columns: ["y", "mean", "a long name of a column"],
    rows: Array.from({ length: 32 }, (_, i) => ({
      label: `validation ${1000 + i} & <more>`,
      cells: [{ text: Array(40).fill("−12.25").join(", ") }, grey(200), grey(90, 7, 7)],
    })),
    size: [28, 28] as const,
  };

  test("holds all of its words and images, without overlap, at 32 rows", () => {
    const svg = labelledGridSvg(many);
    const [[width, height]] = numbers(svg, /^<svg [^>]*width="(\d+)" height="(\d+)"/g) as [[number, number]];
    const unescaped = (text: string) => text.replaceAll("&lt;", "<").replaceAll("&amp;", "&");
    const texts = numbers(
      svg,
      /<text x="([\d.]+)" y="([\d.]+)" [^>]*font-size="(\d+)" font-weight="(\w+)"[^>]*text-anchor="(\w+)">([^<]*)</g,
    ).map(([x, y, size, weight, anchor, text]) => {
      const wide = textWidth(unescaped(`${text}`), `${weight} ${size}px ${FONT_FAMILY}`);
      const left = anchor === "middle" ? (x as number) - wide / 2 : (x as number);
      return { left, right: left + wide, top: (y as number) - (size as number), bottom: (y as number) + 3 };
    });
    const images = numbers(svg, /<image x="([\d.]+)" y="([\d.]+)" width="([\d.]+)" height="([\d.]+)"/g).map(
      (box) => {
        const [x, y, w, h] = box as [number, number, number, number];
        return { left: x, right: x + w, top: y, bottom: y + h };
      },
    );
    expect(images.length).toBe(64);
    expect(texts.length).toBeGreaterThan(32 * 5);
    const boxes = [...texts, ...images];
    for (const { left, right, top, bottom } of boxes) {
      expect(left).toBeGreaterThanOrEqual(0);
      expect(right).toBeLessThanOrEqual(width);
      expect(top).toBeGreaterThanOrEqual(0);
      expect(bottom).toBeLessThanOrEqual(height);
    }
    const meets = (a: (typeof boxes)[0], b: (typeof boxes)[0]) =>
      a.left < b.right && b.left < a.right && a.top < b.bottom - 4 && b.top < a.bottom - 4;
    expect(boxes.filter((a, i) => boxes.some((b, j) => i !== j && meets(a, b)))).toEqual([]);
  });

  test("enlarges a small image to the size of the others, in whole squares of its own levels", async () => {
    const two = { bytes: Uint8Array.of(10, 240, 240, 10), shape: [2, 2, 1] as const };
    const grid = {
      title: "",
      subtitle: "",
      columns: ["y"],
      rows: [{ label: "", cells: [two] }],
      size: [28, 28] as const,
    };
    const { width, data } = PNG.sync.read(await labelledGrid(grid).png());
    const [[x, y, w, h]] = numbers(
      labelledGridSvg(grid),
      /<image x="([\d.]+)" y="([\d.]+)" width="([\d.]+)" height="([\d.]+)"/g,
    ) as [[number, number, number, number]];
    expect([w, h]).toEqual([56, 56]);
    const found = Array.from({ length: 4 * w * h }, (_, i) => {
      const [px, py] = [2 * x + (i % (2 * w)), 2 * y + Math.floor(i / (2 * w))];
      return data[4 * (py * width + px)]!;
    });
    expect(found).toEqual(
      Array.from({ length: 4 * w * h }, (_, i) =>
        i % (2 * w) < w === Math.floor(i / (2 * w)) < h ? 10 : 240,
      ),
    );
  });

  test("keeps the pixels of an image square, and those of a long sinogram not", () => {
    const sizesOf = (height: number, width: number) =>
      numbers(
        labelledGridSvg({
          ...many,
          rows: [{ label: "", cells: [grey(1), grey(1), grey(1, height, width)] }],
        }),
        /<image [^>]*width="([\d.]+)" height="([\d.]+)"/g,
      )[2];
    expect(sizesOf(14, 28)).toEqual([56, 28]);
    expect(sizesOf(12, 40)).toEqual([56, 56]);
  });
});

/** x = z + ε with z ~ N(y, spread²), ε ~ N(0, σ²), each pixel by itself: p(x|y) = N(y, spread² + σ²). */
const SPREAD = 0.3;
const SIGMA = 0.4;
const shape = [2, 3, 1];
const x: Field = { name: "x", kind: "real", shape, show: "image" };
const y: Field = { name: "y", kind: "real", shape, show: "image" };

function known({ latent = true, given = y }: { latent?: boolean; given?: Field } = {}): Model {
  const config = likelihoodSchema.parse({ kind: "gaussian", sigma: SIGMA, mean: "linear" });
  const parameters = new Parameters();
  const params = (z: tf.Tensor2D) => tf.expandDims(z, 2) as tf.Tensor3D;
  return {
    target: x,
    given,
    likelihood: likelihoods.of(config).create(config, parameters.scope("likelihood")),
    ...(latent
      ? {
          latentDim: 6,
          decode: params,
          priorOf: (y: tf.Tensor2D) => ({
            sample: (count: number, random: RandomStream) =>
              tf.add(
                tf.tile(y, [count / y.shape[0], 1]),
                tf.mul(SPREAD, tf.tensor2d(random.normals(count * 6), [count, 6])),
              ),
          }),
        }
      : { predict: params }),
  } as unknown as Model;
}

const observed = (count: number): Observations => ({
  set: { count, columns: { y: Float32Array.from({ length: 6 * count }, (_, i) => (i % 7) / 7) } },
  names: Array(count).fill("a"),
});

describe("predictions", () => {
  beforeAll(() => useBackend("cpu", { threads: "auto" }));
  const DRAWS = 400;
  const worst = (values: Float32Array, wanted: (i: number) => number) =>
    values.reduce((most, value, i) => Math.max(most, Math.abs(value - wanted(i))), 0);

  test("have the mean and the whole standard deviation of p(x|y), in every part of a long input", async () => {
    const input = observed(130); // more than go through a model at once
    const { mean, std } = await predict(known(), input, DRAWS, new RandomStream("test"));
    const total = Math.hypot(SPREAD, SIGMA);
    expect(worst(mean, (i) => input.set.columns["y"]![i]!)).toBeLessThan((4.5 * SPREAD) / Math.sqrt(DRAWS));
    expect(worst(std, () => total)).toBeLessThan((4.5 * total) / Math.sqrt(2 * DRAWS));
    expect(std.reduce((sum, value) => sum + value ** 2, 0) / std.length).toBeCloseTo(total ** 2, 2);
  });

  test("of a regression are f(y) itself, and the noise", async () => {
    const input = observed(3);
    const { mean, std } = await predict(known({ latent: false }), input, DRAWS, new RandomStream("test"));
    expect(worst(mean, (i) => input.set.columns["y"]![i]!)).toBeLessThan(1e-6);
    expect(worst(std, () => SIGMA)).toBeLessThan((4.5 * SIGMA) / Math.sqrt(2 * DRAWS));
  });

  test("leave no tensor behind, nor do pictures", async () => {
    const model = known();
    const before = tf.memory().numTensors;
    const random = new RandomStream("test");
    const found = await predict(model, observed(2), 2, random);
    await predictionsFigure(model, observed(2), found, { draws: 2, title: "known" });
    await conditionalSamplesFigure(model, observed(2), { draws: 2, pixels: "draw", random, title: "known" });
    expect(tf.memory().numTensors).toBe(before);
  });
});

describe("pictures of what a model is given", () => {
  beforeAll(() => useBackend("cpu", { threads: "auto" }));
  const random = new RandomStream("test");
  const about = { draws: 1, pixels: "mean" as const, random, title: "" };

  test("paint what a mask hides in a tone of its own, and only that", async () => {
    const masked: Field = { ...y, shape: [2, 3, 2] };
    const base = known();
    const model = {
      ...base,
      given: masked,
      priorOf: () => ({ sample: (count: number) => tf.zeros([count, 6]) }),
    } as unknown as Model;
    const values = Float32Array.of(0.2, 1, 0.4, 1, 0, 0, 0.6, 1, 0, 0, 1, 1);
    const set = { count: 1, columns: { y: values, x: new Float32Array(6) } };
    const { data } = PNG.sync.read(
      await (await conditionalSamplesFigure(model, { set, names: ["a"] }, about)).png(),
    );
    const pixels = Array.from({ length: data.length / 4 }, (_, i) => data.subarray(4 * i, 4 * i + 3).join());
    const share = (color: string) => pixels.filter((pixel) => pixel === color).length;
    const one = share("51,51,51");
    expect(one).toBeGreaterThan(400);
    expect(share("184,196,224")).toBe(2 * one);
    expect(share("102,102,102")).toBeGreaterThanOrEqual(one); // and the letters
  });

  test("show each class in a row, and otherwise the first examples", () => {
    const label: Field = { name: "label", kind: "class", shape: [], show: "value", classCount: 3 };
    const set = {
      count: 5,
      columns: { x: new Uint8Array(30), y: new Float32Array(30), label: new Uint8Array(5) },
    };
    expect(firstObservations(set, known({ given: label }), "test", 2)).toEqual({
      set: { count: 3, columns: { label: Uint8Array.of(0, 1, 2) } },
      names: ["", "", ""],
    });
    expect(firstObservations(set, known(), "test", 2).names).toEqual(["test 0", "test 1"]);
    expect(firstObservations(set, known(), "test", 9).set.count).toBe(5);
  });
});
