import { PNG } from "pngjs";
import { beforeAll, expect, test } from "vitest";
import { generateShapes } from "../../src/data/shapes.ts";
import { inFolder } from "../helpers/vae.ts";

const { run, bytes } = inFolder();

/** Halved twice, rounding up: 11, then 6. */
const SIDE = 22;
const shapes = [
  ...["--dataset", "shapes", "--dataset.size", String(SIDE), "--dataset.trainCount", "150"],
  ...["--dataset.testCount", "12", "--dataset.validation", "30", "--latent-dim", "3"],
];

beforeAll(async () => {
  const network = ["--network", "conv", "--channels", "4,6", "--hidden", "16"];
  const settings = [...shapes, ...network, "--epochs", "1", "--backend", "wasm", "--threads", "1"];
  const { code, stderr } = await run("train", "--out", "run", "--quiet", ...settings);
  expect([code, stderr]).toEqual([0, ""]);
}, 300_000);

/** A cell of a grid of images, each pixel drawn `scale` times as large, as bytes [SIDE, SIDE, 3]. */
function cell(file: string, row: number, column: number, scale: number): Buffer {
  const { width, data } = PNG.sync.read(bytes(file));
  const [top, left] = [row, column].map((place) => 2 + place * (scale * SIDE + 2)) as [number, number];
  return Buffer.from(
    Uint8Array.from({ length: SIDE * SIDE * 3 }, (_, i) => {
      const [y, x] = [Math.floor(i / (3 * SIDE)), Math.floor(i / 3) % SIDE];
      return data[4 * ((top + scale * y) * width + left + scale * x) + (i % 3)]!;
    }),
  );
}

/** Image i as it was drawn. */
const drawn = (split: "train" | "test", i: number) =>
  Buffer.from(generateShapes({ seed: 0, split, side: SIDE, from: i, count: 1 }).columns.x);

const same = (one: Buffer, other: Buffer) => one.equals(other);

test("every picture is in colour, and its originals are what was drawn", async () => {
  const inspected = [
    "--size",
    String(SIDE),
    "--train-count",
    "150",
    "--test-count",
    "12",
    "--validation",
    "30",
  ];
  const done = await Promise.all([
    run("sample", "run", "-n", "4", "-o", "four.png"),
    run("reconstruct", "run", "-n", "4", "-o", "pairs.png"),
    run("data", "inspect", "shapes", ...inspected, "--json"),
  ]);
  expect(done.map(({ code }) => code)).toEqual([0, 0, 0]);
  const first = generateShapes({ seed: 0, split: "train", side: SIDE, count: 6 }).columns.label.indexOf(0);
  for (let i = 0; i < 4; i++) {
    expect(same(cell("pairs.png", 0, i, 2), drawn("test", i))).toBe(true);
    expect(same(cell("run/figures/reconstructions.png", 0, i, 2), drawn("train", 120 + i))).toBe(true);
  }
  expect(same(cell("shapes.png", 0, 0, 1), drawn("train", first))).toBe(true);
  for (const file of ["four.png", "run/figures/samples.png"]) expect(bytes(file)[25], file).toBe(RGB);
  expect(JSON.parse(done[2]!.stdout)).toMatchObject({
    imageShape: [SIDE, SIDE, 3],
    labels: [20, 20, 20, 20, 20, 20],
    values: [
      { name: "hue" },
      { name: "size" },
      { name: "positionX" },
      { name: "positionY" },
      { name: "angle" },
    ],
  });
}, 300_000);

/** The colour type in the header of a PNG. */
const RGB = 2;
