import { beforeAll, describe, expect, test } from "vitest";
import { useBackend } from "../../src/backends/index.ts";
import { RandomStream } from "../../src/tensors/random.ts";
import * as tf from "../../src/tensors/tf.ts";
import { expectAllClose } from "../helpers/numerics.ts";
import { build, differences, gradient, logProbs, repeated, someX } from "./density.ts";
import { rows } from "./rows.ts";

// The backend that trains has kernels of its own, and lacks some that the reference has.
beforeAll(async () => {
  await useBackend("wasm", { threads: 1 });
});

describe.each(rows)("$name", (row) => {
  test("log-probabilities agree with SciPy, and with the host at extremes", async () => {
    const { density } = build(row);
    const xs = row.logProb.map(([x]) => x);
    const expected = row.logProb.map(([, value]) => value);
    expectAllClose(logProbs(density, row.params, xs), expected, 2e-6);
    const onHost = await density.onHost();
    for (const [params, x] of row.extremes) {
      expectAllClose(logProbs(density, params, [x]), [onHost(params).logProb(x)], 1e-5);
    }
  });

  test("gradients agree with finite differences, and are finite at extremes", async () => {
    const { density } = build(row);
    for (const x of someX(row)) {
      expectAllClose(gradient(density, row.params, x), await differences(density, row.params, x), 1e-4);
    }
    for (const [params, x] of row.extremes) {
      const slopes = gradient(density, params, x);
      expect(slopes).toHaveLength(params.length);
      for (const slope of slopes) expect(slope).toSatisfy(Number.isFinite);
    }
  });

  test("mean, start and draws work", () => {
    const { family, density } = build(row);
    const mean = tf.tidy(() => density.mean(repeated(row.params, 1, 1)).dataSync());
    expectAllClose(mean, [row.mean], 2e-6);
    const n = 1000;
    const draws = tf.tidy(() =>
      density.sample(repeated(row.params, 1, n), new RandomStream(row.name)).dataSync(),
    );
    const average = Array.from(draws).reduce((sum, x) => sum + x / n, 0);
    expect(Math.abs(average - row.mean)).toBeLessThan(4 * Math.sqrt(row.variance / n)); // failure rate 6e-5, seeded
    expect(family.initialParams(row.config, Float32Array.of(0.4)).length).toBe(density.paramChannels);
  });
});
