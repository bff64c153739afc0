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

/** The image in a column of a PNG of images with 2 pixels between them, behind `edge`, as bytes [SIDE, SIDE, 3]. */
function cell(png: Buffer, column: number, edge = 0): Buffer {
  const { width, data } = PNG.sync.read(png);
  const left = edge + column * (SIDE + 2);
  return Buffer.from(
    Uint8Array.from({ length: SIDE * SIDE * 3 }, (_, i) => {
      const [y, x] = [Math.floor(i / (3 * SIDE)), Math.floor(i / 3) % SIDE];
      return data[4 * ((edge + y) * width + left + x) + (i % 3)]!;
    }),
  );
}

/** The rows of images in an SVG, as the PNG that each is. */
const stripsOf = (file: string) =>
  [...String(bytes(file)).matchAll(/base64,([^"]+)"/g)].map(([, png]) => Buffer.from(png!, "base64"));

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
    run("sample", "run", "-n", "4", "-o", "four.svg"),
    run("reconstruct", "run", "-n", "4", "-o", "pairs.svg"),
    run("reconstruct", "run", "-n", "4", "--split", "validation", "-o", "held-out.svg"),
    run("data", "inspect", "shapes", ...inspected, "--json"),
  ]);
  expect(done.map(({ code }) => code)).toEqual([0, 0, 0, 0]);
  const first = generateShapes({ seed: 0, split: "train", side: SIDE, count: 6 }).columns.label.indexOf(0);
  for (let i = 0; i < 4; i++) {
    expect(same(cell(stripsOf("pairs.svg")[0]!, i), drawn("test", i))).toBe(true);
    expect(same(cell(stripsOf("held-out.svg")[0]!, i), drawn("train", 120 + i))).toBe(true);
  }
  expect(same(cell(bytes("shapes.png"), 0, 2), drawn("train", first))).toBe(true);
  expect(stripsOf("four.svg").map((png) => png[25])).toEqual([RGB, RGB]);
  expect(JSON.parse(done[3]!.stdout)).toMatchObject({
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
