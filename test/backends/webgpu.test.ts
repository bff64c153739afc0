import type { WebGPUBackend } from "@tensorflow/tfjs-backend-webgpu";
import { fused } from "@tensorflow/tfjs-core";
import { beforeAll, describe, expect, test } from "vitest";
import { type AdamAttrs, type AdamSlot, adamStep, squaredNorm } from "../../src/backends/adam.ts";
import type { BackendInfo } from "../../src/backends/backend.ts";
import { cpu } from "../../src/backends/cpu.ts";
import { selfTest } from "../../src/backends/selfTest.ts";
import { wasm } from "../../src/backends/wasm.ts";
import { createLoader, webgpu } from "../../src/backends/webgpu.ts";
import { VaeError } from "../../src/base/errors.ts";
import { RandomStream } from "../../src/tensors/random.ts";
import * as tf from "../../src/tensors/tf.ts";
import { stepInputs, tinyDigits, tinyTraining } from "../helpers/tiny.ts";
import { difference, normal } from "./helpers.ts";
import { absent, started } from "./softwareWebgpu.ts";

async function use(loader: typeof webgpu): Promise<BackendInfo> {
  const info = await loader.load({ threads: 1 });
  await tf.setBackend(loader.name);
  return info;
}

/** The same without a fresh start, which on webgpu means compiling all shaders again. */
async function goOnWith(loader: typeof webgpu): Promise<void> {
  if (tf.engine().findBackend(loader.name)) await tf.setBackend(loader.name);
  else await use(loader);
}

/** The current backend, its device among other things. */
const backend = () => tf.backend() as unknown as WebGPUBackend;

describe.skipIf(absent)("webgpu", () => {
  beforeAll(() => use(webgpu));

  test("names its adapter and versions, and computes", async () => {
    const { device, version, notes } = await use(webgpu);
    expect(device).toMatch(/\w/);
    expect(version).toMatch(/^4\.\d+\.\d+ on Dawn \d+\.\d+\.\d+$/);
    expect(notes.length).toBe(/swiftshader|llvmpipe/.test(device) ? 1 : 0);
    await selfTest("webgpu");
  });

  test("refuses software unless asked", async () => {
    const refuses = createLoader({ env: {} }).load({ threads: 1 });
    if (/swiftshader|llvmpipe/.test((started as BackendInfo).device)) {
      await expect(refuses).rejects.toThrow(/^There is no graphics card for WebGPU.*VAE_WEBGPU_SOFTWARE=1/);
    } else {
      await refuses;
    }
  });

  test("reads only asynchronously", async () => {
    const x = tf.tensor1d([1, 2]);
    expect([...x.dataSync()]).toEqual([1, 2]); // still in main memory
    const y = tf.neg(x);
    expect(() => y.dataSync()).toThrow("can only be read with `await tensor.data()`");
    expect([...(await y.data())]).toEqual([-1, -2]);
    tf.dispose([x, y]);
  });
});

describe.skipIf(absent)("values and gradients are those of the cpu backend", () => {
  type Case = [name: string, shapes: number[][], f: (...xs: tf.Tensor[]) => tf.Tensor];
  const cases: Case[] = [
    ["dense", [[33, 70], [70, 41], [41]], (x, w, b) => tf.relu(tf.add(tf.matMul(x!, w!), b!))],
    [
      "fused dense",
      [[33, 70], [70, 41], [41]],
      (a, b, bias) =>
        fused.matMul({ a: a as tf.Tensor2D, b: b as tf.Tensor2D, bias: bias!, activation: "elu" }),
    ],
    [
      "dense, long",
      [
        [8, 2304],
        [2304, 24],
      ],
      (x, w) => tf.matMul(x!, w!),
    ],
    ["softplus", [[9, 50]], (x) => tf.softplus(tf.mul(x!, 8))],
    ["sigmoid", [[9, 50]], (x) => tf.sigmoid(tf.mul(x!, 8))],
    ["tanh", [[9, 50]], (x) => tf.tanh(x!)],
    ["elu", [[9, 50]], (x) => tf.elu(x!)],
    ["exp, square, sqrt", [[300]], (x) => tf.sqrt(tf.add(tf.square(tf.exp(x!)), 1))],
    ["log", [[300]], (x) => tf.log(tf.add(tf.square(x!), 0.1))],
    ["logSumExp", [[20, 31]], (x) => tf.logSumExp(x!, 1)],
    ["logSoftmax", [[20, 31]], (x) => tf.logSoftmax(x!)],
    ["mean over the batch", [[130, 7]], (x) => tf.mean(x!, 0)],
    ["sum over pixels", [[6, 5000]], (x) => tf.sum(x!, 1)],
    [
      "split",
      [[6, 10]],
      (x) => {
        const [a, b] = tf.split(x!, 2, 1) as [tf.Tensor, tf.Tensor];
        return tf.mul(a, tf.exp(b));
      },
    ],
    ["unstack", [[4, 6, 2]], (x) => tf.mul(...(tf.unstack(x!, 2) as [tf.Tensor, tf.Tensor]))],
    ["stack", [[6], [6]], (x, y) => tf.stack([x!, tf.square(y!)])],
    [
      "concat",
      [
        [3, 4],
        [3, 5],
      ],
      (x, y) => tf.concat([x!, y!], 1),
    ],
    [
      "broadcasts",
      [
        [5, 1, 4],
        [3, 1],
      ],
      (x, y) => tf.div(x!, tf.add(tf.square(y!), 1)),
    ],
    ["clipped", [[50]], (x) => tf.clipByValue(x!, -0.5, 0.5)],
    ["maximum", [[50], [50]], (x, y) => tf.maximum(x!, y!)],
    [
      "convolution",
      [
        [2, 8, 8, 3],
        [3, 3, 3, 5],
      ],
      (x, w) => tf.conv2d(x as tf.Tensor4D, w as tf.Tensor4D, 2, "same"),
    ],
    [
      "transposed convolution",
      [
        [2, 4, 4, 5],
        [3, 3, 3, 5],
      ],
      (x, w) => tf.conv2dTranspose(x as tf.Tensor4D, w as tf.Tensor4D, [2, 8, 8, 3], 2, "same"),
    ],
  ];

  async function valueAndGradients([name, shapes, f]: Case): Promise<ArrayLike<number>[]> {
    const results = tf.tidy(() => {
      const xs = shapes.map((shape, i) => normal(`${name}/${i}`, shape));
      const value = f(...xs);
      return [value, ...tf.grads(f)(xs, normal(`${name}/dy`, value.shape))];
    });
    const numbers = await Promise.all(results.map((x) => x.data()));
    tf.dispose(results);
    return numbers;
  }

  const references = new Map<string, ArrayLike<number>[]>();
  beforeAll(async () => {
    await use(cpu);
    for (const one of cases) references.set(one[0], await valueAndGradients(one));
    await use(webgpu);
  }, 60_000);

  test.each(cases)("%s", async (...one) => {
    const reference = references.get(one[0])!;
    const got = await valueAndGradients(one);
    for (const [i, numbers] of got.entries()) {
      expect(difference(numbers, reference[i]!), i ? `gradient ${i}` : "value").toBeLessThan(1e-5);
    }
  });
});

describe.skipIf(absent)("the optimiser's kernels", () => {
  beforeAll(() => use(webgpu));

  const attrs: AdamAttrs = {
    learningRate: 0.01,
    beta1: 0.9,
    beta2: 0.999,
    epsilon: 1e-8,
    step: 1,
    scale: 0.5,
  };
  const slot = (shape: number[]): AdamSlot =>
    tf.tidy(() => ({
      param: tf.variable(normal("param", shape)),
      m: tf.variable(tf.zeros(shape)),
      v: tf.variable(tf.zeros(shape)),
      grad: tf.keep(normal("gradient", shape)),
    }));

  /** The paper's algorithm in float64, with the same gradient at each step. */
  function reference(
    param: number[],
    grad: ArrayLike<number>,
    steps: number,
  ): Record<"param" | "m" | "v", number[]> {
    const { learningRate, beta1, beta2, epsilon, scale } = attrs;
    const theta = [...param];
    const m = theta.map(() => 0);
    const v = theta.map(() => 0);
    for (let t = 1; t <= steps; t++) {
      for (let i = 0; i < theta.length; i++) {
        const g = scale * grad[i]!;
        m[i] = beta1 * m[i]! + (1 - beta1) * g;
        v[i] = beta2 * v[i]! + (1 - beta2) * g ** 2;
        theta[i]! -=
          (learningRate * (m[i]! / (1 - beta1 ** t))) / (Math.sqrt(v[i]! / (1 - beta2 ** t)) + epsilon);
      }
    }
    return { param: theta, m, v };
  }

  test("Adam against float64", async () => {
    for (const shape of [[], [3], [7, 5], [130, 100]]) {
      const s = slot(shape);
      const wanted = reference([...(await s.param.data())], await s.grad.data(), 10);
      for (let t = 1; t <= 10; t++) adamStep([s], { ...attrs, step: t });
      for (const name of ["param", "m", "v"] as const) {
        expect(difference(await s[name].data(), wanted[name]), name).toBeLessThan(1e-6);
      }
      tf.dispose([s.param, s.m, s.v, s.grad]);
    }
  });

  test("Adam works in place, and what was read before is read anew", async () => {
    const s = slot([40]);
    const place = s.param.dataId;
    await Promise.all([s.param.data(), s.m.data(), s.v.data()]);
    adamStep([s], attrs);
    expect(s.param.dataId).toBe(place);
    expect((await s.m.data())[0]).toBeCloseTo(0.05 * (await s.grad.data())[0]!, 6);
    tf.dispose([s.param, s.m, s.v, s.grad]);
  });

  test("SquaredNorm, of few and of many elements", async () => {
    const tensors = [normal("a", [7]), normal("b", [333, 999]), tf.scalar(-2)];
    const arrays = await Promise.all(tensors.map((x) => x.data()));
    const wanted = arrays.flatMap((array) => [...array]).reduce((sum, x) => sum + x * x, 0);
    const norm = squaredNorm(tensors);
    expect(norm.shape).toEqual([]);
    expect(Math.abs((await norm.data())[0]! / wanted - 1)).toBeLessThan(1e-6);
    tf.dispose([...tensors, norm]);
  });
});

describe.skipIf(absent)("training", () => {
  /** The loss of each step of one epoch of five, the validation loss after it, and all weights. */
  async function trainOn(loader: typeof webgpu, settings: Record<string, string> = {}) {
    await goOnWith(loader);
    const run = tinyTraining(
      { "training.epochs": "1", "training.logEvery": "1", "training.batchSize": "8", ...settings },
      { dataset: tinyDigits(36, 8) }, // the last batch is smaller, as it is in most runs
    );
    await run.run();
    const losses = run.events.flatMap((event) => {
      if (event.type === "step") return [event.metrics.loss];
      return event.type === "epoch" ? [event.validation.loss, event.sigma ?? 0] : [];
    });
    const weights = await Promise.all(run.vae.parameters.variables.map((x) => x.data()));
    run.vae.parameters.dispose();
    run.optimizer.dispose();
    return { losses, weights };
  }

  test.each<Record<string, string>>([
    { "likelihood.kind": "bernoulli" },
    { "model.network.kind": "conv", "model.network.channels": "3,4", "model.network.activation": "elu" },
    { "likelihood.kind": "gaussian", "likelihood.sigma": "shared", "training.clipNorm": "50" },
  ])("has the losses of wasm: %j", async (settings) => {
    const reference = await trainOn(wasm, settings);
    const { losses } = await trainOn(webgpu, settings);
    expect(losses.length).toBe(7);
    // Relative to the largest of them: a Gaussian loss may be next to 0.
    expect(difference(losses, reference.losses)).toBeLessThan(1e-4);
  });

  test("repeats to the bit", async () => {
    const first = await trainOn(webgpu);
    const second = await trainOn(webgpu);
    expect(second.losses).toEqual(first.losses);
    expect(second.weights).toEqual(first.weights);
  });

  test("a matmul of few rows and long columns repeats to the bit", async () => {
    await goOnWith(webgpu);
    const [a, b] = [normal("a", [16, 4000]), normal("b", [4000, 16])];
    const products = Array.from({ length: 4 }, () => tf.matMul(a, b));
    const [first, ...others] = await Promise.all(products.map((x) => x.data()));
    for (const other of others) expect(other).toEqual(first);
    tf.dispose([a, b, ...products]);
  });

  test("leaves no tensor and no memory behind", async () => {
    await goOnWith(webgpu);
    const { vae, options, optimizer } = tinyTraining({ "training.clipNorm": "50" });
    const images = new RandomStream("images").normals(8 * 784);
    const random = new RandomStream("noise");
    const step = async (number: number) => {
      const noise = random.normals(8 * vae.latentDim);
      await options.step.run(stepInputs({ count: 8, x: images, noise, step: number }));
      await options.step.read();
      await vae.parameters.variables[0]!.data(); // submits what is recorded, which returns its buffers
    };
    for (let i = 1; i <= 3; i++) await step(i);
    const before = tf.memory();
    for (let i = 4; i <= 8; i++) await step(i);
    expect(before).toHaveProperty("numBytesInGPU");
    expect(tf.memory()).toEqual(before);
    vae.parameters.dispose();
    optimizer.dispose();
  });
});

describe.skipIf(absent)("failures of the card are ours", () => {
  const failure = async (x: tf.Tensor) => {
    const error = await x.data().catch((error: unknown) => error);
    expect(error).toBeInstanceOf(VaeError);
    return (error as VaeError).message;
  };

  test("a refused command", async () => {
    await use(webgpu);
    const x = tf.neg(tf.scalar(1));
    backend().device.createBuffer({ size: 16, usage: GPUBufferUsage.MAP_READ | GPUBufferUsage.STORAGE });
    expect(await failure(x)).toMatch(/refused a command, so its results cannot be trusted: Buffer usages/);
    expect(() => tf.neg(x)).toThrow(VaeError);
  });

  test("a tensor larger than the card allows", async () => {
    await use(webgpu);
    const rows = Math.ceil(backend().device.limits.maxBufferSize / 4 / 2 ** 16) + 1;
    expect(() => tf.add(tf.zeros([2 ** 16, 1]), tf.zeros([1, rows]))).toThrow(VaeError);
  });

  test("a lost card", async () => {
    await use(webgpu);
    const x = tf.neg(tf.scalar(1));
    backend().device.destroy();
    expect(await failure(x)).toMatch(
      /^The connection to the graphics card .* was lost: .*vae train --resume/,
    );
  });

  test("but not a card that is given back for a new start", async () => {
    await use(webgpu);
    const { device } = backend();
    await use(webgpu);
    await device.lost;
    const x = tf.neg(tf.scalar(1));
    expect([...(await x.data())]).toEqual([-1]);
  });
});
