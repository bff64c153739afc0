import { beforeAll, describe, expect, test } from "vitest";
import { useBackend } from "../src/backends/index.ts";
import { codingsFor, describeMeasure } from "../src/data/codings.ts";
import { likelihoodSchema, likelihoods } from "../src/model/likelihoods/index.ts";
import { formulaOf } from "../src/model/likelihoods/likelihood.ts";
import { Parameters } from "../src/tensors/parameters.ts";
import { RandomStream } from "../src/tensors/random.ts";
import * as tf from "../src/tensors/tf.ts";
import { expectAllClose, finiteDifferences } from "./helpers/numerics.ts";
import { build, differences, gradient, logProbs, points, repeated, someX } from "./likelihoods/density.ts";
import { type Row, rows } from "./likelihoods/rows.ts";

beforeAll(async () => {
  await useBackend("cpu");
});

test("every row has values of its density, and every density has extremes", () => {
  for (const { name, logProb } of rows) expect(logProb.length, name).toBeGreaterThan(0);
  const tried = rows.filter(({ extremes }) => extremes.length > 0).map(({ config }) => config.kind);
  expect(new Set(tried)).toEqual(new Set(rows.map(({ config }) => config.kind)));
});

test("the table has each density", () => {
  const kinds = likelihoodSchema.options
    .map((option) => option.shape.kind.value)
    .filter((kind) => kind !== "hybrid");
  expect([...new Set(rows.map(({ config }) => config.kind))].toSorted()).toEqual(kinds.toSorted());
});

const scaleOf = ({ config }: Row) =>
  "scale" in config ? config.scale : "sigma" in config ? config.sigma : undefined;

describe.each(rows)("$name", (row) => {
  test("parameter count is what it says", () => {
    expect(build(row).density.paramChannels).toBe(row.params.length);
  });

  test("sums or integrates to 1", async () => {
    const { density } = build(row);
    const onHost = (await density.onHost())(row.params);
    const all = points(row);
    const exact = all.reduce((sum, { x, weight }) => sum + weight * Math.exp(onHost.logProb(x)), 0);
    expect(Math.abs(exact - 1)).toBeLessThan(1e-9);
    const logs = logProbs(
      density,
      row.params,
      all.map(({ x }) => x),
    );
    const total = all.reduce((sum, { weight }, i) => sum + weight * Math.exp(logs[i]!), 0);
    expect(Math.abs(total - 1)).toBeLessThan(1e-6);
  });

  test("its terms add up to it", () => {
    const { density } = build(row);
    for (const [params, x] of [...someX(row).map((x) => [row.params, x] as const), ...row.extremes]) {
      const [terms, sizes, logProb] = tf.tidy(() => {
        const inputs = [repeated(params, 2, 3), tf.fill<tf.Rank.R2>([2, 3], x)] as const;
        const parts = Object.values(density.terms(...inputs));
        expect(parts.length).toBeGreaterThan(0);
        for (const part of parts) expect(part.shape).toEqual([2, 3]);
        const sum = (tensors: tf.Tensor[]) => tf.sum(tf.addN(tensors), 1).dataSync();
        return [sum(parts), sum(parts.map(tf.abs)), density.logProb(...inputs).dataSync()] as const;
      });
      // Large terms and logits cancel: the digits that float32 has are those of the largest.
      const scale = Math.max(...sizes, ...params.map((p) => 3 * Math.abs(p)));
      expectAllClose(
        terms,
        Array.from(logProb, (value) => -value),
        1e-6,
        scale,
      );
    }
  });

  test("agrees with SciPy", async () => {
    const { density } = build(row);
    const xs = row.logProb.map(([x]) => x);
    const expected = row.logProb.map(([, value]) => value);
    expectAllClose(logProbs(density, row.params, xs), expected, 2e-6);
    const onHost = (await density.onHost())(row.params);
    const digits = scaleOf(row) === "shared" ? 1e-6 : 1e-10; // what is learned is a float32
    expectAllClose(
      xs.map((x) => onHost.logProb(x)),
      expected,
      digits,
    );
    expectAllClose([onHost.mean, onHost.variance], [row.mean, row.variance], digits, 1e-3);
  });

  test("adds up over pixels, and keeps images apart", () => {
    const { density } = build(row);
    const [x0, x1] = someX(row).concat(1) as [number, number];
    const [a, b] = logProbs(density, row.params, [x0, x1]) as [number, number];
    const both = tf.tidy(() =>
      density.logProb(repeated(row.params, 2, 2), tf.tensor2d([x0, x1, x1, x1], [2, 2])).dataSync(),
    );
    expectAllClose(both, [a + b, 2 * b], 1e-5);
  });

  test("is on the host what it is on the device", async () => {
    const { density } = build(row);
    const onHost = await density.onHost();
    const cases = [...row.logProb.map(([x]) => [row.params, x] as const), ...row.extremes];
    for (const [params, x] of cases) {
      expectAllClose(logProbs(density, params, [x]), [onHost(params).logProb(x)], 1e-5);
    }
  });

  test("gradient agrees with finite differences", async () => {
    const { density, parameters } = build(row);
    for (const x of someX(row)) {
      expectAllClose(gradient(density, row.params, x), await differences(density, row.params, x), 1e-4);
    }
    for (const variable of parameters.variables) {
      const x = someX(row)[0]!;
      const logProb = () =>
        tf.sum(density.logProb(repeated(row.params, 1, 1), tf.tensor2d([[x]]))) as tf.Scalar;
      const slope = tf.tidy(() => tf.variableGrads(logProb, [variable]).grads[variable.name]!.dataSync()[0]!);
      const start = variable.dataSync()[0]!;
      const moved: number[] = [];
      for (const value of [start + 0.01, start - 0.01]) {
        tf.tidy(() => variable.assign(tf.scalar(value)));
        moved.push((await density.onHost())(row.params).logProb(x));
      }
      expectAllClose([slope], [(moved[0]! - moved[1]!) / 0.02], 1e-3);
    }
  });

  test("draws have the closed form's mean and variance", () => {
    const { density } = build(row);
    const n = Math.min(40_000, Math.floor(300_000 / row.params.length));
    const drawn = tf.tidy(() =>
      density.sample(repeated(row.params, 1, n), new RandomStream(row.name)).dataSync(),
    );
    const draws = Array.from(drawn);
    const mean = draws.reduce((sum, x) => sum + x, 0) / n;
    const variance = draws.reduce((sum, x) => sum + (x - mean) ** 2, 0) / n;
    const logs = logProbs(
      density,
      row.params,
      points(row).map(({ x }) => x),
    );
    const fourthMoment = points(row).reduce(
      (sum, { x, weight }, i) => sum + weight * Math.exp(logs[i]!) * (x - row.mean) ** 4,
      0,
    );
    // Four standard errors: failure rate 6e-5 for each, once and for all as they are seeded.
    expect(Math.abs(mean - row.mean)).toBeLessThan(4 * Math.sqrt(row.variance / n));
    const errorOfVariance = Math.sqrt((fourthMoment - row.variance ** 2) / n);
    expect(Math.abs(variance - row.variance)).toBeLessThan(4 * errorOfVariance);
    if ("values" in row.support) {
      const top = row.support.values.length - 1;
      expect(draws.every((x) => Math.abs(x * top - Math.round(x * top)) < 1e-4)).toBe(true);
    }
  });

  test("mean agrees with the closed form", () => {
    const { density } = build(row);
    const mean = tf.tidy(() => density.mean(repeated(row.params, 1, 1)).dataSync());
    expectAllClose(mean, [row.mean], 1e-6);
  });

  test("starts at the average image", () => {
    const { family, density } = build(row);
    const average = Float32Array.of(0.1, 0.5, 0.8, 0, 1);
    const params = family.initialParams(row.config, average);
    expect(params.length).toBe(5 * density.paramChannels);
    for (const p of params) expect(p).toSatisfy(Number.isFinite);
    const mean = tf.tidy(() => density.mean(tf.tensor3d(params, [1, 5, density.paramChannels])).dataSync());
    expectAllClose(mean.slice(0, 3), average.slice(0, 3), row.startTolerance ?? 1e-6);
    expectAllClose(mean.slice(3), average.slice(3), 1e-3 + 1e-6); // logits are kept from going to infinity
  });

  test.each(row.extremes.map(([params, x]) => ({ params, x })))(
    "finite at $params, x = $x",
    ({ params, x }) => {
      const { density } = build(row);
      expect(logProbs(density, params, [x])[0]).toSatisfy(Number.isFinite);
      const slopes = gradient(density, params, x);
      expect(slopes).toHaveLength(params.length);
      for (const slope of slopes) expect(slope).toSatisfy(Number.isFinite);
    },
  );

  test("the host's distribution function belongs to its density", async () => {
    const onHost = (await build(row).density.onHost())(row.params);
    if (onHost.values) {
      let sum = 0;
      expect(onHost.values.length).toBeGreaterThan(1);
      for (const x of onHost.values) {
        sum += Math.exp(onHost.logProb(x));
        expect(onHost.cdf(x)).toBeCloseTo(sum, 12);
        expect(onHost.cdf(Math.fround(x))).toBeCloseTo(sum, 12);
      }
      expect(onHost.logProb(0.3123)).toBe(Number.NEGATIVE_INFINITY);
    } else {
      const STEP = 1e-4;
      for (const x of [0.1, 0.31, 0.9]) {
        const slope = (onHost.cdf(x + STEP) - onHost.cdf(x - STEP)) / (2 * STEP);
        expectAllClose([slope], [Math.exp(onHost.logProb(x))], 1e-5);
      }
    }
    expect(onHost.cdf(Number.POSITIVE_INFINITY)).toBeCloseTo(1, 14);
    expect(onHost.cdf(Number.NEGATIVE_INFINITY)).toBe(0);
  });

  test("the bins of 256 levels hold everything", async () => {
    const onHost = await build(row).density.onHost();
    for (const params of [row.params, ...row.extremes.map(([extreme]) => extreme)]) {
      const pixel = onHost(params);
      let total = 0;
      for (let v = 0; v < 256; v++) {
        const from = v === 0 ? Number.NEGATIVE_INFINITY : (v - 0.5) / 255;
        const to = v === 255 ? Number.POSITIVE_INFINITY : (v + 0.5) / 255;
        const logProb = pixel.logIntervalProb(from, to);
        expect(logProb).not.toBeNaN();
        total += Math.exp(logProb);
      }
      expect(Math.abs(total - 1)).toBeLessThan(1e-9);
    }
  });

  test("tells the standard deviation of its noise, and scales at their floor", () => {
    const { density } = build(row);
    const isOneDensity = !("components" in row.config);
    if (density.sigma && isOneDensity) {
      expectAllClose([tf.tidy(() => density.sigma!().dataSync()[0]!)], [Math.sqrt(row.variance)], 1e-6);
    }
    const scale = scaleOf(row);
    expect(density.sigma !== undefined).toBe(scale === "shared" || typeof scale === "number");
    expect(density.scaleAtFloor !== undefined).toBe(scale === "perPixel" || scale === "shared");
    if (!density.scaleAtFloor || scale === "shared") return; // of one scale see likelihoods/floor.test.ts
    const K = "components" in row.config ? row.config.components : 1;
    const low = row.params.map((p, i) => (i < row.params.length - K ? p : -20));
    const share = tf.tidy(() =>
      density.scaleAtFloor!(tf.concat([repeated(row.params, 1, 3), repeated(low, 1, 1)], 1)).dataSync(),
    );
    expectAllClose(share, [0.25], 1e-6);
  });

  test("leaves no tensors behind", () => {
    const { density } = build(row);
    const before = tf.memory().numTensors;
    tf.tidy(() => {
      const params = repeated(row.params, 2, 3);
      const x = tf.zeros<tf.Rank.R2>([2, 3]);
      density.mean(params);
      density.sample(params, new RandomStream(0));
      tf.grad((p) => tf.sum(density.logProb(p as tf.Tensor3D, x)) as tf.Scalar)(params);
    });
    expect(tf.memory().numTensors).toBe(before);
    density.sigma?.().dispose();
    expect(tf.memory().numTensors).toBe(before);
  });

  test("names its base measure and the codings it is a density for", () => {
    const { family } = build(row);
    expect(family.kindOf).toBe("density");
    expect(describeMeasure(family.support(row.config))).toMatch(/measure/);
    expect(formulaOf(family)).toMatch(/^log [pP]\(x\|z\) = /);
    const codings = codingsFor(family.support(row.config));
    expect(codings.length > 0).toBe(row.config.kind !== "poisson"); // of counts, which are no pixels
    const isRealValued = "breaks" in row.support;
    if (isRealValued && scaleOf(row) === "perPixel") expect(codings).toEqual(["gray-dequantized"]);
  });
});

describe("hybrid", () => {
  const config = { kind: "hybrid", ceWeight: 0.5, mseWeight: 3 } as const;
  const family = likelihoods.of(config);
  const loss = family.create(config, new Parameters().scope("likelihood"));

  test("is a loss, and no density", () => {
    expect([family.kindOf, loss.kindOf]).toEqual(["loss", "loss"]);
    expect(loss).not.toHaveProperty("onHost");
    expect(formulaOf(family)).toMatch(/^loss = /);
  });

  test("weighs cross-entropy and squared error", () => {
    const [l, x] = [0.7, 0.3];
    const p = 1 / (1 + Math.exp(-l));
    const crossEntropy = -x * Math.log(p) - (1 - x) * Math.log(1 - p);
    const value = tf.tidy(() => loss.logProb(repeated([l], 1, 1), tf.tensor2d([[x]])).dataSync());
    expectAllClose(value, [-(0.5 * crossEntropy + 3 * (x - p) ** 2)], 1e-6);
    const terms = loss.terms(repeated([l], 1, 1), tf.tensor2d([[x]]));
    expectAllClose(terms.crossEntropy!.dataSync(), [0.5 * crossEntropy], 1e-6);
    expectAllClose(terms.squaredError!.dataSync(), [3 * (x - p) ** 2], 1e-6);
    const logProb = (l: tf.Tensor) =>
      tf.sum(loss.logProb(tf.reshape(l, [1, 3, 1]), tf.tensor2d([[0.1, 0.9, 1]]))) as tf.Scalar;
    const at = Float32Array.of(0.7, -0.4, 500);
    expectAllClose(
      tf.tidy(() => tf.grad(logProb)(tf.tensor1d(at)).dataSync()),
      finiteDifferences((l) => tf.tidy(() => logProb(tf.tensor1d(l)).dataSync()[0]!), at, 2e-2),
      1e-3,
    );
  });

  test("starts at the average image", () => {
    const average = Float32Array.of(0.1, 0.5, 0.8);
    const params = family.initialParams(config, average);
    expectAllClose(
      tf.tidy(() => loss.mean(tf.tensor3d(params, [1, 3, 1])).dataSync()),
      average,
      1e-6,
    );
  });
});
