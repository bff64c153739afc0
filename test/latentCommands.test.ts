import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { PNG } from "pngjs";
import { beforeAll, describe, expect, test } from "vitest";
import { openArrayFile } from "../src/data/arrayFile.ts";
import { npzBytes } from "../src/data/writeArrays.ts";
import { decodeSafetensors } from "../src/runs/safetensors.ts";
import { inProcess } from "./helpers/inProcess.ts";
import { inFolder, tinyRun } from "./helpers/vae.ts";

const { folder } = inFolder();

const at = (...names: string[]) => join(folder, ...names);

const WASM = ["--backend", "wasm", "--threads", "1"];

/** What a command that succeeds prints as JSON. */
async function json(...args: string[]) {
  const { code, stdout, stderr } = await inProcess(...args, "--json", ...WASM);
  expect(code, stderr).toBe(0);
  return JSON.parse(stdout);
}

async function expectRefused(words: RegExp, ...args: string[]) {
  const { code, stderr } = await inProcess(...args, ...WASM);
  expect([1, 2]).toContain(code);
  expect(stderr.replaceAll(folder, "")).toMatch(words);
}

async function arraysOf(file: string) {
  const arrays = await openArrayFile(file, "the file");
  return Object.fromEntries(arrays.names.map((name) => [name, arrays.array(name)]));
}

const [plain, byClass, regression] = [at("plain"), at("by-class"), at("regression")];

beforeAll(async () => {
  const train = async (out: string, ...args: string[]) => {
    const { code, stderr } = await inProcess("train", ...args, "--epochs", "1", "--out", at(out));
    expect(code, stderr).toBe(0);
  };
  await train("plain", ...tinyRun, "--likelihood", "bernoulli", "--latent-dim", "3");
  await train("by-class", ...tinyRun, "--condition", "label", "--model.prior.kind", "conditionalGaussian");
  const latent = tinyRun.indexOf("--latent-dim");
  const model = ["--model", "regression", "--condition", "downsample"];
  await train("regression", ...tinyRun.toSpliced(latent, 2), ...model);
});

describe("vae encode", () => {
  test("writes means, log-variances and classes of a split, the same in each format", async () => {
    const found = await json("encode", plain);
    expect(found).toMatchObject({ count: 40, latentDim: 3, file: join(plain, "latents", "test.npz") });
    expect(found.arrays).toEqual({ mean: [40, 3], log_var: [40, 3], labels: [40] });
    const { mean, log_var, labels } = await arraysOf(found.file);
    expect(new Set(labels!.values).size).toBeGreaterThan(5);
    expect(Math.max(...mean!.values)).toBeGreaterThan(Math.min(...mean!.values));

    await json("encode", plain, "-o", at("a.safetensors"));
    const { tensors, metadata } = decodeSafetensors(readFileSync(at("a.safetensors")), "a");
    expect(tensors.get("log_var")).toEqual({ shape: [40, 3], data: log_var!.values });
    expect(metadata).toMatchObject({ of: "the test split", prior: "standardNormal" });

    await json("encode", plain, "-o", at("a.csv"));
    const [header, ...lines] = readFileSync(at("a.csv"), "utf8").trim().split("\n");
    expect(header).toBe("label,mean_0,mean_1,mean_2,log_var_0,log_var_1,log_var_2");
    const numbers = lines.map((line) => line.split(",").map(Number));
    expect(numbers.map(([label]) => label)).toEqual([...labels!.values]);
    expect(Float32Array.from(numbers.flatMap((line) => line.slice(1, 4)))).toEqual(mean!.values);
  });

  test("of one's own images is what it is of the same images in a split", async () => {
    const own = (await json("encode", byClass, "test:3,5", "-o", at("own.npz"))) as { arrays: object };
    expect(own.arrays).toEqual({ mean: [2, 2], log_var: [2, 2], labels: [2], y: [2] });
    const whole = await arraysOf((await json("encode", byClass)).file);
    const { mean, y } = await arraysOf(at("own.npz"));
    // gray-dequantized pixels are drawn by the place: near, not equal
    const near = [...whole["mean"]!.values.slice(6, 8), ...whole["mean"]!.values.slice(10, 12)];
    for (const [i, value] of mean!.values.entries()) expect(Math.abs(value - near[i]!)).toBeLessThan(0.2);
    expect([...y!.values]).toEqual([whole["labels"]!.values[3], whole["labels"]!.values[5]]);
  });

  test("reads images and arrays of the user's, and says what it needs", async () => {
    const image = new PNG({ width: 28, height: 28 });
    image.data.fill(255);
    writeFileSync(at("mine.png"), PNG.sync.write(image));
    expect(await json("encode", plain, at("mine.png"))).toMatchObject({
      count: 1,
      file: join(plain, "latents", "input.npz"),
    });
    const x = { shape: [2, 28, 28], values: new Float32Array(2 * 784).fill(0.5) };
    writeFileSync(at("mine.npz"), npzBytes({ x, y: { shape: [2], values: Uint8Array.of(4, 1) } }));
    const found = await json("encode", plain, at("mine.npz"));
    expect([...(await arraysOf(found.file))["labels"]!.values]).toEqual([4, 1]);
    writeFileSync(at("y.npz"), npzBytes({ y: { shape: [2], values: Uint8Array.of(4, 1) } }));
    await expectRefused(/y\.npz has no x, and it is x that is encoded/, "encode", plain, at("y.npz"));
    await expectRefused(/mine\.png is x, and of x the run makes no y/, "encode", byClass, at("mine.png"));
    await expectRefused(/3,7 is nothing .* Accepted: a split and places/, "encode", plain, "3,7");
    await expectRefused(/names that end in \.npz, \.csv, \.safetensors/, "encode", plain, "-o", "a.txt");
  });

  test("of a model without a latent says what to do instead", () =>
    expectRefused(/regression, which has no latent z: .*`vae predict/, "encode", regression));
});

test("vae explore of a run on classes lets them be chosen", async () => {
  const { files } = await json("explore", byClass, "--export", at("site"));
  const page = readFileSync(files.at(-1), "utf8");
  expect(page).toContain(`"given":{"names":${JSON.stringify(Array.from({ length: 10 }, (_, i) => `${i}`))}}`);
  await expectRefused(/regression, which has no latent z/, "explore", regression);
});

describe("vae decode", () => {
  test.each(["plain", "by-class"])("of the means of %s is what decoding them by hand gives", async (name) => {
    const { file } = await json("encode", at(name));
    expect(await json("decode", at(name), file, "-o", at("x.npz"))).toMatchObject({ count: 40, shown: 40 });
    const { x } = await arraysOf(at("x.npz"));
    expect(x!.dims).toEqual([40, 28, 28, 1]);
    // The same latents one at a time and by the other order of the file: each image depends on its own z and y alone.
    const { mean, y } = await arraysOf(file);
    const d = mean!.dims[1]!;
    const one = (i: number) => ({
      z: { shape: [1, d], values: (mean!.values as Float32Array).slice(i * d, (i + 1) * d) },
      ...(y && { y: { shape: [1], values: Uint8Array.of(y.values[i]!) } }),
    });
    writeFileSync(at("one.npz"), npzBytes(one(7)));
    await json("decode", at(name), at("one.npz"), "-o", at("one-x.npz"));
    const { x: alone } = await arraysOf(at("one-x.npz"));
    for (const [i, value] of alone!.values.entries()) expect(value).toBeCloseTo(x!.values[7 * 784 + i]!, 5);
  });

  test("draws a picture of as many as are asked for", async () => {
    const { file } = await json("encode", plain);
    const found = await json("decode", plain, file, "-n", "12");
    expect(found).toMatchObject({ count: 40, shown: 12, file: join(plain, "figures", "decoded.png") });
    const { width, height } = PNG.sync.read(readFileSync(found.file));
    expect(width).toBeGreaterThan(2 * 10 * 56);
    expect(height).toBeGreaterThan(2 * 2 * 56);
  });

  test("says which shape it takes, and that y is missing", async () => {
    const z = { shape: [2, 5], values: new Float32Array(10) };
    writeFileSync(at("five.npz"), npzBytes({ z }));
    await expectRefused(/z has the shape \[2, 5\]\. Accepted: \[count, 3\]/, "decode", plain, at("five.npz"));
    writeFileSync(at("two.npz"), npzBytes({ z: { shape: [5, 2], values: new Float32Array(10) } }));
    await expectRefused(/conditional: it decodes z with y/, "decode", byClass, at("two.npz"));
    writeFileSync(at("w.npz"), npzBytes({ w: z }));
    await expectRefused(/w\.npz has w\. Accepted: z or mean/, "decode", plain, at("w.npz"));
  });
});

/** Width and height of a picture that was written. */
function sizeOf(file: string) {
  const { width, height } = PNG.sync.read(readFileSync(file));
  return [width, height] as const;
}

describe("pictures of the latent space", () => {
  test("go between images, of a split and of one's own", async () => {
    const found = await json("interpolate", plain, "--steps", "3");
    expect(found).toMatchObject({ paths: ["linear", "spherical"], steps: [0, 0.5, 1] });
    expect(found.pairs).toEqual([0, 2, 4, 6].map((i) => [`test ${i}`, `test ${i + 1}`]));
    const own = ["interpolate", byClass, "test:0", "validation:3", "--path", "linear", "-o", at("i.png")];
    expect((await json(...own)).pairs).toEqual([["test 0", "validation 3"]]);
    expect(sizeOf(at("i.png"))[1]).toBeLessThan(sizeOf(found.file)[1]);
    await expectRefused(
      /test:0-2 are 3 images\. Accepted: two for each pair/,
      "interpolate",
      plain,
      "test:0-2",
    );
  });

  test("move each active dimension, the most telling first", async () => {
    const { units, steps, base, file } = await json(
      "traverse",
      plain,
      "--steps",
      "5",
      "--range",
      "2",
      "-n",
      "2",
    );
    expect(steps).toEqual([-2, -1, 0, 1, 2]);
    expect(units).toHaveLength(2);
    expect(units[0].kl).toBeGreaterThanOrEqual(units[1].kl);
    expect(base).toBe("test 0");
    expect(sizeOf(file)[1]).toBeGreaterThan(2 * 2 * 56);
    expect(await json("traverse", plain, "prior", "--steps", "2")).toMatchObject({ base: "z = 0" });
    await expectRefused(
      /prior is the mean of p\(z\), and the run is conditional/,
      "traverse",
      byClass,
      "prior",
    );
    await expectRefused(/test:0-1 is 2 images\. Accepted: one/, "traverse", plain, "test:0-1");
  });

  test("lay two dimensions out by the quantiles of the prior, or by how z is spread", async () => {
    const found = await json("manifold", plain, "--size", "3", "--axes", "2,0");
    expect(found.axes.map(({ unit }: { unit: number }) => unit)).toEqual([2, 0]);
    expect(found.across[0]).toBeCloseTo(-0.9674, 4);
    expect(found.up[0]).toBeCloseTo(0.9674, 4);
    expect(found.base).toBe("z = 0");
    const given = await json("manifold", byClass, "--size", "2");
    expect(given.base).toBe("test 0");
    const [{ mean, deviation }] = given.axes;
    expect(given.across[0]).toBeCloseTo(mean - 0.67449 * deviation, 4);
    await expectRefused(/--axes 0,3: z has the dimensions 0 to 2/, "manifold", plain, "--axes", "0,3");
    await expectRefused(/two different whole numbers/, "manifold", plain, "--axes", "1,1");
  });

  test("scatter the means, by principal components or along two dimensions", async () => {
    const found = await json("latents", plain);
    expect(found).toMatchObject({
      count: 40,
      latentDim: 3,
      file: join(plain, "figures", "latents-test.png"),
    });
    expect(found.shares[0]).toBeGreaterThanOrEqual(found.shares[1]);
    expect(sizeOf(found.file)).toEqual([2080, 1200]);
    const some = await json("latents", byClass, "test:0-9", "-o", at("l.png"));
    expect(some).toMatchObject({ count: 10, axes: ["E[z0|x]", "E[z1|x]"] });
    await expectRefused(/Accepted: 3 or more/, "latents", plain, "test:0,1");
  });

  test.each(["interpolate", "traverse", "manifold", "latents"])("%s needs a latent", (command) =>
    expectRefused(/has no latent z/, command, regression),
  );
});

test("a run with latents and pictures in its folder is still one that may be overwritten", async () => {
  const { code, stderr } = await inProcess(
    "train",
    ...tinyRun,
    "--epochs",
    "1",
    "--out",
    byClass,
    "--overwrite",
  );
  expect(code, stderr).toBe(0);
});
