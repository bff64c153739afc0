import { describe, expect, test } from "vitest";
import { type BackendName, backendNames, stepRecorder, useBackend } from "../../src/backends/index.ts";
import { VaeError } from "../../src/base/errors.ts";
import { loadConfig } from "../../src/config/load.ts";
import { imageFields, imageSplit } from "../../src/data/images.ts";
import { type LikelihoodConfig, likelihoodSchema, likelihoods } from "../../src/model/likelihoods/index.ts";
import type { Density } from "../../src/model/likelihoods/likelihood.ts";
import { Parameters } from "../../src/tensors/parameters.ts";
import * as tf from "../../src/tensors/tf.ts";
import { createStep } from "../../src/training/createStep.ts";
import { createOptimizer } from "../../src/training/optimizer.ts";
import { expectAllClose } from "../helpers/numerics.ts";
import { tinyTraining } from "../helpers/tiny.ts";

/**
 * The densities that learn their scale, each in both ways, with a mean that can be anything. A probability, as that of a
 * logistic density on 256 levels, has its bound in itself: nothing is gained by a scale that vanishes.
 */
const learned = likelihoodSchema.options.flatMap(({ shape }) => {
  if (!("mean" in shape)) return [];
  const setting = "sigma" in shape ? "sigma" : "scale";
  const components = "components" in shape ? { components: 2 } : {};
  return ["shared", "perPixel"].map((scale) =>
    likelihoodSchema.parse({ kind: shape.kind.value, mean: "linear", ...components, [setting]: scale }),
  );
});

/** Of σ. */
const FLOOR = 1e-3;

/** The one number of a tensor. */
async function read(make: () => tf.Tensor): Promise<number> {
  const tensor = tf.tidy(make);
  const [value] = await tensor.data();
  tensor.dispose();
  return value!;
}

const D = 4;
const X = 0.4;

/** A density whose mean is exactly x, with what it learns of its scale, and one step of that at residuals of `off`. */
function onItsMean(config: LikelihoodConfig) {
  const parameters = new Parameters();
  const density = likelihoods.of(config).create(config, parameters.scope("likelihood")) as Density;
  const isPerPixel = parameters.count === 0;
  const K = "components" in config ? config.components : 1;
  const initial = likelihoods.of(config).initialParams(config, new Float32Array(D).fill(X));
  const P = density.paramChannels;
  const isScale = (i: number) => isPerPixel && i % P >= P - K;
  const isLocation = (i: number) => i % P >= P - (isPerPixel ? 2 : 1) * K && !isScale(i);
  const values = initial.map((value, i) => (isLocation(i) ? X : value));
  const scales = isPerPixel
    ? parameters.scope("decoder")(
        "scale",
        values.filter((_, i) => isScale(i)),
        [1, D, K],
      )
    : undefined;
  const others = tf.tensor3d(scales ? values.filter((_, i) => !isScale(i)) : values, [
    1,
    D,
    scales ? P - K : P,
  ]);
  const params = () => (scales ? (tf.concat([others, scales as tf.Tensor], 2) as tf.Tensor3D) : others);
  const { training } = loadConfig(undefined, new Map());
  const optimizer = createOptimizer(parameters, training);
  const x = (off: number) => tf.fill<tf.Rank.R2>([1, D], X + off);
  return {
    density,
    params,
    atFloor: () => read(() => density.scaleAtFloor!(params())),
    logProb: (off: number) => read(() => density.logProb(params(), x(off))),
    async steps(count: number, off: number) {
      for (let n = 1; n <= count; n++) {
        const loss = () => tf.neg(tf.sum(density.logProb(params(), x(off)))) as tf.Scalar;
        const { value, grads } = tf.variableGrads(loss, parameters.variables);
        await optimizer.apply(Object.values(grads), 0.1, n);
        tf.dispose([value, ...Object.values(grads)]);
      }
    },
  };
}

const backends: readonly BackendName[] = ["wasm", ...backendNames.filter((name) => name !== "wasm")];

async function startOrSkip(backend: BackendName, context: { skip(reason: string): unknown }) {
  if (backend === "webgpu") process.env["VAE_WEBGPU_SOFTWARE"] = "1"; // any adapter will do here
  const failed = await useBackend(backend, { threads: 1 }).then(
    () => undefined,
    (error: Error) => error,
  );
  if (!failed) return;
  if (!(failed instanceof VaeError)) throw failed;
  context.skip(failed.message);
}

describe.each(backends)("on %s", (backend) => {
  // A software graphics card takes long for each step, and a bound by softplus is no news there.
  const tried = learned.filter((config) => backend !== "webgpu" || Object.values(config).includes("shared"));

  test.for(tried)(
    "%j on pixels that are known exactly ends at its floor, and leaves it",
    async (config, context) => {
      await startOrSkip(backend, context);
      const { density, params, atFloor, logProb, steps } = onItsMean(config);
      await steps(density.sigma ? 90 : 150, 0);
      expect(await atFloor()).toBe(1);
      if (density.sigma) expectAllClose([await read(density.sigma)], [FLOOR], 1e-5, 0);
      // The same from the density in float64, which reads the same scale.
      const onHost = await density.onHost();
      const all = await params().data();
      const P = density.paramChannels;
      const sum = [0, 1, 2, 3].reduce(
        (sum, d) => sum + onHost(all.subarray(d * P, (d + 1) * P)).logProb(Math.fround(X)),
        0,
      );
      expectAllClose([await logProb(0)], [sum], 1e-4);
      expect(sum).toBeLessThan(D * Math.log(1 / FLOOR));
      await steps(60, 0.1);
      expect(await atFloor()).toBe(0);
    },
  );

  test("a model of constant pixels trains to the end, the recorded step as well", async (context) => {
    await startOrSkip(backend, context);
    // On a software graphics card the steps above are the eager ones.
    const eager = backend === "webgpu" ? [] : (["eager"] as const);
    for (const kind of stepRecorder() ? ([...eager, "recorded"] as const) : eager) {
      const constant = (count: number) =>
        imageSplit(
          count,
          Uint8Array.from({ length: 6 * count }, (_, i) => 40 * (i % 6)),
        );
      const dataset = {
        name: "constant",
        fields: imageFields([2, 3, 1]),
        ...{ train: constant(256), validation: constant(10), test: constant(10), hashes: {} },
      };
      const settings = {
        "likelihood.sigma": "shared",
        "model.network.hidden": "4",
        "training.learningRate": "0.2",
        "training.batchSize": "32",
        "training.epochs": "7",
      };
      const made = tinyTraining(settings, { dataset });
      const { vae: model, objective, optimizer } = made;
      Object.assign(made.options, { step: createStep(kind, { model, objective, optimizer }, () => {}) });
      await made.run();
      const last = made.events.findLast((event) => event.type === "epoch")!;
      expect(last.sigma!).toBeGreaterThan(0.999e-3);
      expect(last.sigma!).toBeLessThan(0.02);
      expect(Number.isFinite(last.validation.loss)).toBe(true);
    }
  });
});

describe("a shared scale", () => {
  const config = likelihoodSchema.parse({ kind: "gaussian", sigma: "shared", mean: "linear" });

  /** d(−log p)/d log σ and σ, for a residual, at a value of the variable. */
  async function at(value: number, residual: number) {
    await useBackend("cpu");
    const variable = tf.variable(tf.scalar(value));
    const density = likelihoods.of(config).create(config, () => variable) as Density;
    const loss = () =>
      tf.neg(tf.sum(density.logProb(tf.tensor3d([[[0]]]), tf.tensor2d([[residual]])))) as tf.Scalar;
    const { grads } = tf.variableGrads(loss, [variable]);
    const found = {
      gradient: Object.values(grads)[0]!.dataSync()[0]!,
      sigma: density.sigma!().dataSync()[0]!,
      onHost: Math.sqrt((await density.onHost())([0]).variance),
      atFloor: density.scaleAtFloor!(tf.tensor3d([[[0]]])).dataSync()[0],
    };
    return found;
  }

  test("above its floor is what is learned, with its own gradient", async () => {
    // d/dv [½ r² e^−2v + v] = 1 − r² e^−2v
    const { gradient, sigma, onHost, atFloor } = await at(Math.log(0.2), 0.3);
    expect(gradient).toBeCloseTo(1 - (0.3 / 0.2) ** 2, 5);
    expect(sigma).toBeCloseTo(0.2, 7);
    expect(onHost).toBeCloseTo(0.2, 7);
    expect(atFloor).toBe(0);
  });

  test("below its floor is the floor: it is not driven further down, and at once driven up", async () => {
    const low = await at(Math.log(1e-6), 0);
    expect(low.gradient).toBe(0);
    expect(low.sigma).toBeCloseTo(1e-3, 8);
    expect(low.onHost).toBeCloseTo(1e-3, 8);
    expect(low.atFloor).toBe(1);
    // As at the floor itself.
    expect((await at(Math.log(1e-6), 0.01)).gradient).toBeCloseTo(1 - (0.01 / 1e-3) ** 2, 2);
  });
});
