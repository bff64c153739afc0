import { existsSync } from "node:fs";
import { join } from "node:path";
import { PNG } from "pngjs";
import { beforeAll, describe, expect, test } from "vitest";
import { openArrayFile } from "../../src/data/arrayFile.ts";
import { inFolder, tinyRun } from "../helpers/vae.ts";

const { folder, run, bytes } = inFolder();
const on = ["--backend", "wasm", "--threads", "1"];
const [sizes, network] = [tinyRun.slice(0, 8), tinyRun.slice(10)];
const short = [...sizes, ...network, "--epochs", "1"];

async function json(...args: string[]) {
  const { code, stdout, stderr } = await run(...args, "--json", ...on);
  expect(code, stderr).toBe(0);
  return JSON.parse(stdout);
}

/** A usage error in one paragraph, with these words in it. */
async function expectRefused(words: RegExp, ...args: string[]) {
  const { code, stderr } = await run(...args, ...on);
  expect([code, stderr]).toEqual([2, expect.stringMatching(words)]);
}

async function arraysOf(name: string) {
  const file = await openArrayFile(join(folder, name), "the file");
  return Object.fromEntries(file.names.map((array) => [array, file.array(array)]));
}

const sizeOf = (file: string) => {
  const { width, height } = PNG.sync.read(bytes(file));
  return [width, height] as const;
};

beforeAll(async () => {
  const condition = ["--condition", "label", ...short];
  for (const args of [
    ["--out", "vae", "--latent-dim", "2", ...condition],
    ["--out", "regression", "--model.kind", "regression", ...condition],
    ["--out", "plain", "--latent-dim", "2", ...short],
  ]) {
    const { code, stderr } = await run("train", ...args);
    expect([code, stderr]).toEqual([0, ""]);
  }
}, 120_000);

describe("training leaves labelled pictures", () => {
  test("a row for each class, and reconstructions where there is something to make them of", () => {
    const has = (out: string) => existsSync(join(folder, out, "figures/reconstructions.png"));
    expect([has("vae"), has("regression"), has("plain")]).toEqual([true, false, true]);
    const [, height] = sizeOf("vae/figures/samples.png");
    expect(height).toBeGreaterThan(10 * 2 * 56);
  });
});

describe("vae sample --given", () => {
  test("draws each class without it, some classes or examples with it, and the same for the same seed", async () => {
    expect(await json("sample", "vae", "-n", "3", "-o", "all.png")).toMatchObject({
      rows: 10,
      draws: 3,
      count: 30,
    });
    const some = ["sample", "vae", "-n", "2", "--seed", "4"];
    expect(await json(...some, "--given", "3,7-9", "-o", "a.png")).toMatchObject({ rows: 4, count: 8 });
    await json(...some, "--given", "3,7-9", "-o", "b.png");
    await json(...some.slice(0, -1), "5", "--given", "3,7-9", "-o", "c.png");
    expect(bytes("a.png").equals(bytes("b.png"))).toBe(true);
    expect(bytes("a.png").equals(bytes("c.png"))).toBe(false);
    expect(await json("sample", "vae", "--given", "test:0-2,39", "-o", "t.png")).toMatchObject({
      rows: 4,
      draws: 8,
    });
    expect(sizeOf("t.png")[0]).toBeGreaterThan(sizeOf("a.png")[0]);
  });

  test("of a regression draws nothing but noise, and only if it is asked for", async () => {
    expect(await json("sample", "regression", "-o", "r.png")).toMatchObject({ rows: 10, draws: 0 });
    const noisy = ["sample", "regression", "--pixels", "draw", "-n", "2", "-o", "n.png"];
    expect(await json(...noisy)).toMatchObject({ rows: 10, draws: 2 });
  });

  test("needs a condition, and is as much as a picture shows", async () => {
    await expectRefused(/--given 3 needs a conditional run, and plain is/, "sample", "plain", "--given", "3");
    await expectRefused(/33 y are more .* up to 32/, "sample", "vae", "--given", "test:0-32");
  });
});

describe("vae evaluate", () => {
  test("puts another run beside, on the same backend, and judges the class of draws all the same", async () => {
    const { prediction, against, classOfDraws } = await json("evaluate", "vae", "--against", "regression");
    expect(against.run).toBe("regression");
    const difference = prediction.model.rmse ** 2 - against.prediction.model.rmse ** 2;
    expect(against.squaredError.mean).toBeCloseTo(difference, 8);
    expect(Number.isFinite(against.minusElbo.mean)).toBe(true);
    expect(classOfDraws.draws.accuracy).toBeLessThanOrEqual(1);
    await expectRefused(/plain has no condition/, "evaluate", "vae", "--against", "plain");
  });
});

describe("vae predict", () => {
  test("writes arrays that it reads again", async () => {
    expect(await json("predict", "vae", "test:0-39", "-o", "p.npz", "--samples", "8")).toMatchObject({
      count: 40,
    });
    const { mean, std, y, x } = await arraysOf("p.npz");
    expect([mean!.dims, std!.dims, x!.dims, y!.dims]).toEqual([...Array(3).fill([40, 28, 28, 1]), [40]]);
    expect(Math.max(...x!.values)).toBe(1);
    expect(Math.min(...std!.values)).toBeGreaterThan(0);
    const file = ["--samples", "8", "-o", "q.npz"];
    expect(await json("predict", "vae", join(folder, "p.npz"), ...file)).toMatchObject({ count: 40 });
    expect(Object.values(await arraysOf("q.npz")).map(({ values }) => values)).toEqual(
      Object.values(await arraysOf("p.npz")).map(({ values }) => values),
    );
  });

  test("writes a picture, of files too", async () => {
    expect(await json("predict", "regression", "3,7")).toMatchObject({
      file: "regression/figures/predictions.png",
      count: 2,
    });
    expect(sizeOf("regression/figures/predictions.png")[1]).toBeGreaterThan(2 * 2 * 56);
  });

  test("needs a condition", () =>
    expectRefused(
      /plain is trained without a condition.*`vae reconstruct plain`/,
      ...["predict", "plain", "test:0"],
    ));
});
