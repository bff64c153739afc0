import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { type AdamAttrs, type AdamSlot, adamStep } from "../../src/backends/adam.ts";
import type { BackendInfo } from "../../src/backends/backend.ts";
import { useBackend } from "../../src/backends/index.ts";
import { selfTest } from "../../src/backends/selfTest.ts";
import { installationIn, tensorflowFolder } from "../../src/backends/tensorflow/installation.ts";
import { readSetup } from "../../src/backends/tensorflow/setup/folder.ts";
import { setUpTensorflow } from "../../src/backends/tensorflow/setup.ts";
import { OPENER } from "../../src/backends/tensorflow/tfjsNode.ts";
import { tensorflow } from "../../src/backends/tensorflow.ts";
import { minusCrossEntropy } from "../../src/model/likelihoods/bernoulli.ts";
import * as tf from "../../src/tensors/tf.ts";
import { describeUnless, tensorflowMissing, testUnless } from "../helpers/missing.ts";
import { tinyTraining } from "../helpers/tiny.ts";
import { difference, normal } from "./helpers.ts";

describeUnless(tensorflowMissing, "a real TensorFlow", () => {
  let info: BackendInfo;

  beforeAll(async () => {
    info = await useBackend("tensorflow", { threads: 2 });
  });

  /** What lives, in TensorFlow.js and in TensorFlow itself. */
  const alive = () => [
    tf.memory().numTensors,
    (tf.backend() as unknown as { getNumOfTFTensors(): number }).getNumOfTFTensors(),
  ];

  test("says what runs, and passes the self-test", async () => {
    expect(tf.getBackend()).toBe("tensorflow");
    expect(info).toMatchObject({
      name: "tensorflow",
      threads: 2,
      version: expect.stringMatching(/^TensorFlow 2\./),
    });
    expect(info.device).not.toBe("");
    await selfTest("tensorflow");
  });

  test("its kernels work on our tensors: gradients agree with the plain-JavaScript backend", async () => {
    await import("@tensorflow/tfjs-backend-cpu");
    const gradients = async (backend: string) => {
      await tf.setBackend(backend);
      const [x, noise, w, v] = [
        normal("x", [7, 12]),
        normal("n", [7, 3]),
        normal("w", [12, 6]),
        normal("v", [3, 12]),
      ];
      return tf.tidy(() => {
        const loss = (w: tf.Tensor, v: tf.Tensor) => {
          const [mean, logVar] = tf.split(tf.matMul(x as tf.Tensor2D, w as tf.Tensor2D), 2, 1) as [
            tf.Tensor,
            tf.Tensor,
          ];
          const z = tf.add(mean, tf.mul(noise, tf.exp(tf.mul(logVar, 0.5))));
          const logits = tf.matMul(z as tf.Tensor2D, v as tf.Tensor2D);
          const distortion = tf.sum(tf.sub(tf.softplus(logits), tf.mul(logits, tf.sigmoid(x))));
          const rate = tf.mul(
            -0.5,
            tf.sum(tf.sub(tf.sub(tf.add(1, logVar), tf.square(mean)), tf.exp(logVar))),
          );
          return tf.add(distortion, rate) as tf.Scalar;
        };
        const { value, grads } = tf.valueAndGrads(loss)([w, v]);
        return [value, ...grads].map((t) => t.dataSync().slice());
      });
    };
    const wanted = await gradients("cpu");
    const got = await gradients("tensorflow");
    expect(wanted.length).toBeGreaterThan(1);
    for (const [i, values] of wanted.entries()) expect(difference(got[i]!, values)).toBeLessThan(1e-5);
  });

  test.each([1, 6, 17, 97, 784])("the Bernoulli log-likelihood of %i pixels, up to extreme logits", (D) => {
    const l = tf.mul(normal("l", [5, D]), tf.tensor2d([0.1, 3, 30, 1e4, 1e30], [5, 1])) as tf.Tensor2D;
    const x = tf.cast(tf.greater(normal("x", [5, D]), 0), "float32") as tf.Tensor2D;
    const [logits, pixels] = [l.arraySync(), x.arraySync()];
    const exact = logits.map((row, b) =>
      row.reduce(
        (sum, l, d) => sum + Math.min((2 * pixels[b]![d]! - 1) * l, 0) - Math.log1p(Math.exp(-Math.abs(l))),
        0,
      ),
    );
    for (const [b, value] of minusCrossEntropy(l, x).dataSync().entries())
      expect(Math.abs(value - exact[b]!)).toBeLessThan(2e-6 * Math.abs(exact[b]!) + 1e-6);
    const lost = tf.tensor2d([Number.NaN, ...Array(D - 1).fill(0)], [1, D]);
    expect(minusCrossEntropy(lost, tf.ones<tf.Rank.R2>([1, D])).dataSync()[0]).toBeNaN();
  });

  test("kernels that call methods of tensors, and utilities that Node 23 removed", () => {
    tf.tidy(() => {
      expect(tf.exp(tf.tensor1d([0, 1], "int32")).dataSync()[1]).toBeCloseTo(Math.E, 5);
      expect(tf.argMax(tf.tensor1d([0, 1, 0], "bool")).dataSync()[0]).toBe(1);
      expect(tf.argMin(tf.tensor1d([1, 0, 1], "bool")).dataSync()[0]).toBe(1);
      expect([...tf.prelu(tf.tensor1d([-2, 3]), tf.tensor1d([0.25, 0.25])).dataSync()]).toEqual([-0.5, 3]);
      expect([...tf.topk(tf.tensor1d([3, 9, 5]), 2).values.dataSync()]).toEqual([9, 5]);
      expect(tf.tensor2d([], [0, 3]).dataSync()).toHaveLength(0);
    });
  });

  test("an array belongs to its maker: neither side sees what the other writes", () => {
    for (const size of [3, 100_000]) {
      const array = new Float32Array(size).fill(1);
      const x = tf.tensor1d(array);
      array.fill(2);
      expect(x.dataSync()[0]).toBe(1);
      x.dataSync().fill(3);
      expect(x.dataSync()[0]).toBe(1);
      x.dispose();
    }
  });

  describe("Adam", () => {
    beforeEach(() => tf.engine().startScope());
    afterEach(() => {
      tf.engine().endScope();
      tf.disposeVariables();
    });

    // As float32 has them: TensorFlow's 1 − β₂ is 1.3e-5 smaller than 0.001, and its Adam is exactly that of this β₂.
    const betas = { beta1: Math.fround(0.9), beta2: Math.fround(0.999) };
    const attrs: AdamAttrs = { learningRate: 0.01, ...betas, epsilon: 1e-3, step: 1, scale: 1 };

    const slot = (shape: number[]): AdamSlot => ({
      param: tf.variable(normal("parameter", shape)),
      m: tf.variable(tf.zeros(shape)),
      v: tf.variable(tf.zeros(shape)),
      grad: normal("gradient", shape),
    });

    /** The paper's algorithm in float64. Every step has the same gradient. */
    function reference({ param, grad }: AdamSlot, { scale, ...a }: AdamAttrs, steps: number) {
      const theta = [...param.dataSync()];
      const m = theta.map(() => 0);
      const v = theta.map(() => 0);
      for (let t = 1; t <= steps; t++) {
        for (const [i, gradient] of grad.dataSync().entries()) {
          const g = gradient * scale;
          m[i] = a.beta1 * m[i]! + (1 - a.beta1) * g;
          v[i] = a.beta2 * v[i]! + (1 - a.beta2) * g ** 2;
          const root = Math.sqrt(v[i]! / (1 - a.beta2 ** t));
          theta[i]! -= (a.learningRate * m[i]!) / (1 - a.beta1 ** t) / (root + a.epsilon);
        }
      }
      return { param: theta, m, v };
    }

    test.each([1, 0.25])("30 steps agree with float64, with gradients times %f", (scale) => {
      const slots = [slot([]), slot([7, 5]), slot([300, 41])];
      const wanted = slots.map((s) => reference(s, { ...attrs, scale }, 30));
      for (let t = 1; t <= 30; t++) adamStep(slots, { ...attrs, scale, step: t });
      for (const [i, s] of slots.entries()) {
        for (const name of ["param", "m", "v"] as const)
          expect(difference(s[name], wanted[i]![name])).toBeLessThan(2e-6);
      }
    });

    test("leaves no tensor behind", () => {
      const s = slot([40, 50]);
      adamStep([s], attrs); // from now on it keeps a few scalars
      const living = alive();
      adamStep([s], { ...attrs, step: 2 });
      expect(alive()).toEqual(living);
    });

    test("leaves tensors alone that share memory with a variable", () => {
      const s = slot([40, 50]);
      const [clone, reshaped] = [s.param.clone(), tf.reshape(s.param, [50, 40])];
      const before = [...s.param.dataSync()];
      adamStep([s], attrs);
      expect([...clone.dataSync()]).toEqual(before);
      expect([...reshaped.dataSync()]).toEqual(before);
      expect(difference(s.param, before)).toBeGreaterThan(1e-3);
    });

    test("an error leaves the variables as they were", () => {
      const s = { ...slot([4]), grad: normal("gradient", [5]) };
      const before = [...s.param.dataSync()];
      expect(() => adamStep([s], attrs)).toThrow(/shape/);
      expect([...s.param.dataSync()]).toEqual(before);
    });
  });

  test("training learns, repeats to the bit and leaves no tensor behind", async () => {
    const train = async () => {
      const { run, events, vae, optimizer } = tinyTraining({ "training.epochs": "10" });
      const before = alive();
      await run();
      const after = alive();
      const weights = vae.parameters.variables.map((variable) => [...variable.dataSync()]);
      const losses = events.flatMap((event) => (event.type === "epoch" ? [event.train.loss] : []));
      optimizer.dispose();
      tf.dispose(vae.parameters.variables);
      return { weights, losses, left: after.map((count, i) => count - before[i]!) };
    };
    await train(); // the first one leaves a few scalars for Adam
    const [first, second] = [await train(), await train()];
    expect(first.losses.at(-1)).toBeLessThan(first.losses[0]! - 5);
    expect(first.left).toEqual([0, 0]);
    expect(second).toEqual(first);
  });

  test("starting it again keeps what is there", async () => {
    const x = tf.tensor1d([1, 2]);
    await tensorflow.load({ threads: 2 });
    expect([...tf.add(x, 1).dataSync()]).toEqual([2, 3]);
    x.dispose();
  });

  test("a GPU that cannot be had is an error with its reason", async () => {
    const onGpu = !info.device.endsWith("CPU");
    const load = tensorflow.load({ threads: 2, device: onGpu ? "cpu" : "gpu" });
    if (onGpu) await expect(load).rejects.toThrow("stays there");
    else
      await expect(load).rejects.toThrow(/uses no GPU\. (CUDA|No NVIDIA driver|This TensorFlow was built)/);
  });

  const setup = readSetup(tensorflowFolder());
  const notSetUp = setup ? undefined : "a TensorFlow that `vae setup tensorflow` did not make";

  testUnless(notSetUp, "set up already, `vae setup tensorflow` leaves it alone", async () => {
    const request = { folder: tensorflowFolder(), progress: () => {}, signal: new AbortController().signal };
    expect(await setUpTensorflow(request)).toEqual({ ...setup, status: "present" });
  });

  testUnless(notSetUp, "it is silent", async () => {
    const { binding } = installationIn(tensorflowFolder())!;
    const opener = join(binding, "..", OPENER);
    expect(existsSync(opener)).toBe(true);
    const program = `require(${JSON.stringify(opener)})(${JSON.stringify(binding)}); require(${JSON.stringify(binding)})`;
    const { stdout, stderr } = await promisify(execFile)(process.execPath, ["-e", program], {
      env: { ...process.env, TF_CPP_MIN_LOG_LEVEL: "3" },
    });
    expect([stdout, stderr]).toEqual(["", ""]);
  });
});
