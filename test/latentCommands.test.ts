import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { PNG } from "pngjs";
import { beforeAll, describe, expect, test } from "vitest";
import { openArrayFile } from "../src/data/arrayFile.ts";
import { npzBytes } from "../src/data/writeArrays.ts";
import { loadRun } from "../src/index.ts";
import { openRun, readRunData } from "../src/runs/experiment.ts";
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

/** Whether a picture of 28x28 grey levels, each a square of pixels, is somewhere in a PNG. */
function shows({ data, width, height }: PNG, levels: readonly number[]): boolean {
  for (const scale of [1, 2, 3, 4, 5, 6]) {
    for (let y = 0; y + 28 * scale <= height; y++) {
      for (let x = 0; x + 28 * scale <= width; x++) {
        const at = (i: number) => data[((y + scale * Math.floor(i / 28)) * width + x + scale * (i % 28)) * 4];
        if (levels.every((level, i) => at(i) === level)) return true;
      }
    }
  }
  return false;
}

describe("a run as a library gives what the commands give of it", () => {
  const compute = { backend: "wasm", threads: 1 } as const;

  /** Of the test split, as bytes and numbers of classes. */
  async function testSplit(path: string) {
    const overrides = new Map(Object.entries(compute).map(([key, value]) => [key, `${value}`]));
    const run = await openRun(path, { checkpoint: "best", compute: overrides });
    const { x, label } = (
      await readRunData(run, ["test"], { acceptsData: false, onProgress() {}, warn() {} })
    ).test.columns;
    return { x: x!, y: label! };
  }

  test("its latents and their images, of a conditional run with y", async () => {
    const { file } = await json("encode", byClass);
    await json("decode", byClass, file, "-o", at("x.npz"), "--pixels", "draw", "--seed", "3");
    const [expected, images] = [await arraysOf(file), await arraysOf(at("x.npz"))];
    const { x, y } = await testSplit(byClass);
    const run = await loadRun(byClass, compute);
    expect(run).toMatchObject({ path: byClass, epoch: 1, latentDim: 2, xShape: [28, 28, 1], yShape: [] });
    const { mean, logVar } = await run.encode(x, { y });
    expect(mean).toEqual({ shape: [40, 2], values: expected["mean"]!.values });
    expect(logVar).toEqual({ shape: [40, 2], values: expected["log_var"]!.values });
    const decoded = await run.decode(mean, { y, pixels: "draw", seed: 3 });
    expect(decoded).toEqual({ shape: [40, 28, 28, 1], values: images["x"]!.values });
    const three = await run.sample(3, { y: [4, 1] });
    expect(three.shape).toEqual([6, 28, 28, 1]);
    await expect(run.encode(x)).rejects.toThrow(/of x the run makes no y/);
    await expect(run.sample(3)).rejects.toThrow(/Accepted: y, or x of which the run makes y/);
    run.dispose();
  });

  test("its samples and log p(x)", async () => {
    await json("sample", plain, "-n", "1", "-o", at("one.png"));
    const { nll } = await json("evaluate", plain, "--k", "5");
    const { x } = await testSplit(plain);
    const run = await loadRun(plain, compute);
    const { values } = await run.sample(1);
    const levels = Array.from(values, (value) => Math.round(255 * value));
    expect(shows(PNG.sync.read(readFileSync(at("one.png"))), levels)).toBe(true);
    const logProb = await run.logProb(x, { k: 5 });
    expect(logProb.reduce((sum, value) => sum + value / 40, 0)).toBeCloseTo(-nll, 8);
    // Numbers from 0 to 1 are the same images as their bytes.
    const floats = { shape: [40, 28, 28], values: Float64Array.from(x, (byte) => byte / 255) };
    expect(await run.logProb(floats, { k: 5 })).toEqual(logProb);
    run.dispose();
  });

  test("says what is accepted", async () => {
    const run = await loadRun(plain, compute);
    await expect(run.encode([1, 2, 3])).rejects.toThrow("x has the shape [3]. Accepted: [count, 28, 28, 1].");
    await expect(run.decode([1, 2])).rejects.toThrow("z has the shape [2]. Accepted: [count, 3]");
    await expect(run.encode(new Float32Array(784).fill(2))).rejects.toThrow("not in [0, 1]");
    await expect(run.encode("a.png" as never)).rejects.toThrow("x is a.png. Accepted: an array of numbers");
    await expect(run.sample(0)).rejects.toThrow("count is 0. Accepted: a whole number from 1 on.");
    await expect(loadRun(plain, { backend: "cpu" })).rejects.toThrow(/runs are open on wasm: a process has/);
    await expect(loadRun(regression)).rejects.toMatchObject({ name: "VaeError", code: "usage" });
    const other = await loadRun(byClass); // shares the backend, and leaves the tensors of the first
    other.dispose();
    expect((await run.sample(2)).shape).toEqual([2, 28, 28, 1]);
    run.dispose();
    await expect(run.sample(2)).rejects.toThrow("is disposed of");
    const anew = await loadRun(plain, { backend: "cpu" });
    expect(anew.backend.name).toBe("cpu");
    anew.dispose();
  });
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
