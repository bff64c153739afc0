import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { useBackend } from "../src/backends/index.ts";
import { trainingBatches } from "../src/data/batches.ts";
import { fieldSize, type ImageShape } from "../src/data/field.ts";
import { dense } from "../src/model/networks/dense.ts";
import { type NetworkConfig, networkSchema, networks } from "../src/model/networks/index.ts";
import { Parameters } from "../src/tensors/parameters.ts";
import { RandomStream } from "../src/tensors/random.ts";
import * as tf from "../src/tensors/tf.ts";
import { expectAllClose } from "./helpers/numerics.ts";
import { stepInputs, tinyDigits, tinyTraining } from "./helpers/tiny.ts";

beforeAll(async () => {
  await useBackend("wasm", { threads: 1 });
});

const families: Record<string, NetworkConfig> = {
  mlp: networkSchema.parse({ kind: "mlp", hidden: [12] }),
  "gated mlp": networkSchema.parse({ kind: "gated-mlp", hidden: [12, 9] }),
  "linear mlp": networkSchema.parse({ kind: "mlp", hidden: [] }),
  conv: networkSchema.parse({ kind: "conv", channels: [4, 6], hidden: [12] }),
  "conv without hidden layers": networkSchema.parse({ kind: "conv", channels: [4], hidden: [] }),
  "deep conv with an odd kernel": networkSchema.parse({
    kind: "conv",
    channels: [2, 3, 4],
    kernel: 3,
    hidden: [8, 7],
  }),
};

test("the table has each network", () => {
  const kinds = new Set(Object.values(families).map(({ kind }) => kind));
  expect([...kinds].toSorted()).toEqual([...networks.members.keys()].toSorted());
});

const imageShapes: ImageShape[] = [
  [28, 28, 1],
  [30, 30, 3],
  [48, 64, 3],
  [7, 9, 1],
  [1, 5, 2],
];

const sizes = (xShape: readonly number[]) => {
  const initialParams = new RandomStream("initial").normals(2 * fieldSize({ shape: xShape }));
  return { xShape, outputs: 6, inputs: 3, paramChannels: 2, initialParams };
};

/** Encoder and decoder with fresh weights, for q(z|x) with 6 numbers per image and p(x|z) with 2 per pixel. */
function build(config: NetworkConfig, xShape: readonly number[]) {
  const family = networks.of(config);
  const { initialParams, ...given } = sizes(xShape);
  const encoder = family.encoder(config, given);
  const decoder = family.decoder(config, { ...given, initialParams });
  const parameters = new Parameters();
  const random = new RandomStream("weights");
  const weights = {
    encoder: parameters.create("encoder", encoder.weights, random.fork("encoder")),
    decoder: parameters.create("decoder", decoder.weights, random.fork("decoder")),
  };
  return {
    encode: (x: tf.Tensor2D) => encoder.apply(weights.encoder, x),
    decode: (z: tf.Tensor2D) => decoder.apply(weights.decoder, z),
    parameters,
    initialParams,
    D: fieldSize({ shape: xShape }),
  };
}

test("convolutions are told to be for images, where x is none", () => {
  const told =
    "The conv network is for images, [height, width, channels], and x is an array of shape [12]. " +
    "--network mlp takes any.";
  const config = families["conv"]!;
  expect(() => networks.of(config).encoder(config, sizes([12]))).toThrow(told);
  expect(() => networks.of(config).decoder(config, sizes([12]))).toThrow(told);
});

test.each(["mlp", "gated mlp"])("%s takes any x", (name) => {
  const { encode, decode, parameters } = build(families[name]!, [12]);
  expect(encode(tf.zeros([2, 12])).shape).toEqual([2, 6]);
  expect(decode(tf.zeros([2, 3])).shape).toEqual([2, 12, 2]);
  parameters.dispose();
});

describe.each(Object.entries(families))("%s", (_, config) => {
  test.each(imageShapes)("images of %ix%ix%i", (...imageShape) => {
    const { encode, decode, parameters, initialParams, D } = build(config, imageShape);
    const random = new RandomStream("inputs");
    const x = tf.tensor2d(random.uniforms(4 * D), [4, D]);
    const z = tf.tensor2d(random.normals(4 * 3), [4, 3]);
    expect(encode(x).shape).toEqual([4, 6]);
    expect(decode(z).shape).toEqual([4, D, 2]);

    // The centre of the latent space is the average image.
    const centre = decode(tf.zeros([1, 3])).dataSync();
    expect([...centre]).toEqual([...initialParams]);

    // Everything learns.
    const { grads } = tf.variableGrads(
      () => tf.sum(tf.square(tf.concat([tf.reshape(decode(z), [-1]), tf.reshape(encode(x), [-1])]))),
      parameters.variables,
    );
    expect(parameters.names.length).toBeGreaterThan(3);
    for (const [name, { name: id }] of parameters) {
      expect(tf.max(tf.abs(grads[id]!)).dataSync()[0], name).toBeGreaterThan(0);
    }
    parameters.dispose();
  });

  test("encoder and decoder are functions of their weights, and hold none", () => {
    const family = networks.of(config);
    const before = tf.memory().numTensors;
    const parts = [family.encoder(config, sizes([7, 9, 1])), family.decoder(config, sizes([7, 9, 1]))];
    expect(tf.memory().numTensors).toBe(before);
    for (const [i, network] of parts.entries()) {
      tf.tidy(() => {
        const input = tf.ones<tf.Rank.R2>([2, i === 0 ? 63 : 3]);
        const all = (value: number) =>
          Object.fromEntries(network.weights.map(({ name, shape }) => [name, tf.fill([...shape], value)]));
        const of = (value: number) => [...network.apply(all(value), input).dataSync()];
        const [zeros, some] = [of(0), of(0.1)];
        expect(new Set(zeros)).toEqual(new Set([0]));
        expect(Math.min(...some)).toBeGreaterThan(0);
        expect(of(0.1)).toEqual(some);
      });
      expect(tf.memory().numTensors).toBe(before);
    }
  });

  test("the initial numbers are a function of the stream, each weight's for itself", () => {
    const { weights } = networks.of(config).encoder(config, sizes([7, 9, 1]));
    const random = new RandomStream("weights");
    const once = weights.map((spec) => spec.initial(random));
    expect(once.map(({ length }) => length)).toEqual(weights.map((spec) => fieldSize(spec)));
    expect(weights.toReversed().map((spec) => spec.initial(random))).toEqual(once.toReversed());
    const drawn = once.filter((values) => values.some((value) => value !== 0));
    expect(new Set(drawn.map(([first]) => first)).size).toBe(weights.length / 2);
  });

  test("an image does not depend on its batch", () => {
    const { encode, decode, parameters, D } = build(config, [7, 9, 1]);
    const x = tf.tensor2d(new RandomStream("inputs").uniforms(3 * D), [3, D]);
    const last = (t: tf.Tensor) => [...t.dataSync().slice(-t.size / 3)];
    const close = (numbers: number[]) => numbers.map((n) => expect.closeTo(n, 5));
    const alone = tf.tensor2d(last(x), [1, D]);
    expect(last(encode(x))).toEqual(close([...encode(alone).dataSync()]));
    const z = tf.tensor2d(new RandomStream("z").normals(3 * 3), [3, 3]);
    expect(last(decode(z))).toEqual(close([...decode(tf.tensor2d(last(z), [1, 3])).dataSync()]));
    parameters.dispose();
  });
});

describe("gated mlp", () => {
  test("is (W₁x + b₁) ⊙ sigmoid(W₂x + b₂), then a linear layer", () => {
    const config = networkSchema.parse({ kind: "gated-mlp", hidden: [2] });
    const network = networks.of(config).encoder(config, { xShape: [3], outputs: 2 });
    expect(network.weights.map(({ name, shape }) => `${name} ${shape.join("x")}`)).toEqual([
      "hidden0.kernel 3x2",
      "hidden0.bias 2",
      "hidden0.gate.kernel 3x2",
      "hidden0.gate.bias 2",
      "output.kernel 2x2",
      "output.bias 2",
    ]);
    const random = new RandomStream("gated");
    const values = network.weights.map(({ shape }) => random.normals(fieldSize({ shape })));
    const [w1, b1, w2, b2, w3, b3] = values;
    const x = [0.5, -1, 2];
    const affine = (x: readonly number[], w: Float32Array, b: Float32Array) =>
      Array.from(b, (bias, j) => x.reduce((sum, xi, i) => sum + xi * w[i * b.length + j]!, bias));
    const gates = affine(x, w2!, b2!);
    const h = affine(x, w1!, b1!).map((value, j) => value / (1 + Math.exp(-gates[j]!)));
    const weights = Object.fromEntries(
      network.weights.map(({ name, shape }, i) => [name, tf.tensor(values[i]!, [...shape])]),
    );
    expectAllClose(network.apply(weights, tf.tensor2d([x])).dataSync(), affine(h, w3!, b3!), 1e-5);
  });
});

describe("conv", () => {
  test("parameters by name", () => {
    const { parameters } = build(families["conv"]!, [28, 28, 1]);
    const shapes = [...parameters].map(([name, { shape }]) => `${name} ${shape.join("x")}`);
    expect(shapes).toMatchInlineSnapshot(`
      [
        "encoder.conv0.kernel 4x4x1x4",
        "encoder.conv0.bias 4",
        "encoder.conv1.kernel 4x4x4x6",
        "encoder.conv1.bias 6",
        "encoder.hidden0.kernel 294x12",
        "encoder.hidden0.bias 12",
        "encoder.output.kernel 12x6",
        "encoder.output.bias 6",
        "decoder.hidden0.kernel 3x12",
        "decoder.hidden0.bias 12",
        "decoder.input.kernel 12x294",
        "decoder.input.bias 294",
        "decoder.conv0.kernel 4x4x4x6",
        "decoder.conv0.bias 4",
        "decoder.output.kernel 4x4x2x4",
        "decoder.output.bias 28x28x2",
      ]
    `);
    parameters.dispose();
  });

  test("the weights start so that an image keeps its scale on its way", () => {
    const config = networkSchema.parse({ kind: "conv", channels: [16, 32], hidden: [], activation: "tanh" });
    const { encode, parameters, D } = build(config, [32, 32, 3]);
    const random = new RandomStream("inputs");
    const deviation = (x: tf.Tensor) => tf.sqrt(tf.moments(x).variance).dataSync()[0]!;
    const x = tf.tensor2d(random.normals(16 * D), [16, D]);
    expect(deviation(encode(x))).toBeGreaterThan(0.2);
    expect(deviation(encode(x))).toBeLessThan(2);
    parameters.dispose();
  });

  const settings = {
    "model.network.kind": "conv",
    "model.network.channels": "8,16",
    "model.network.hidden": "[]",
    "likelihood.sigma": "0.1",
    "training.batchSize": "16",
    "training.learningRate": "0.002",
  };

  test("a conv VAE learns the digits, the same at each run", async () => {
    const dataset = tinyDigits();
    const losses = async (epochs: number) => {
      const { run, events } = tinyTraining({ ...settings, "training.epochs": String(epochs) }, { dataset });
      expect(await run()).toBe("completed");
      return events.filter((event) => event.type === "epoch").map((event) => event.validation.loss);
    };
    const all = await losses(8);
    expect(all.at(-1)!).toBeLessThan(all[0]! / 2);
    expect(await losses(3)).toEqual(all.slice(0, 3));
  });

  test("training leaves no tensor behind", async () => {
    const { run, options } = tinyTraining({ ...settings, "training.epochs": "1" });
    await run();
    const before = { ...tf.memory(), ids: tf.backend().numDataIds() };
    Object.assign(options.state, { epoch: 0, step: 0 });
    await run();
    expect({ ...tf.memory(), ids: tf.backend().numDataIds() }).toEqual(before);
  });

  describe("cpu", () => {
    afterAll(async () => {
      await tf.setBackend("wasm");
    });

    test("cpu computes the same losses", async () => {
      const dataset = tinyDigits(16, 1);
      const losses = async () => {
        const { options, vae, coding } = tinyTraining(
          { ...settings, "model.network.channels": "4,8" },
          { dataset },
        );
        const { step } = options;
        const random = new RandomStream("steps");
        const [batch] = trainingBatches(dataset.train, {
          fields: vae.fields,
          coding,
          batchSize: 16,
          epoch: 1,
          random,
        });
        const result: number[] = [];
        for (let i = 1; i <= 3; i++) {
          const noise = random.normals(batch!.count * vae.latentDim);
          await step.run(stepInputs({ count: batch!.count, x: batch!.columns["x"]!, noise, step: i }));
          const [terms] = await step.read();
          result.push(terms!["distortion"]! + terms!["rate"]!);
        }
        return result;
      };
      const wasm = await losses();
      await useBackend("cpu", { threads: 1 });
      const cpu = await losses();
      expect(new Set(cpu).size).toBe(3);
      for (const [i, loss] of cpu.entries()) expect(Math.abs(wasm[i]! / loss - 1)).toBeLessThan(1e-5);
    });
  });
});

describe("dense", () => {
  const [x, kernel, bias] = [
    [1, 2, 3, 4, 5, 6],
    [0.1, -0.2, 0.3, 0.4, -0.5, 0.6],
    [1, -1],
  ];
  const of = (x: number[], kernel: number[], bias: number[]) =>
    dense(tf.tensor2d(x, [2, 3]), tf.tensor2d(kernel, [3, 2]), tf.tensor1d(bias));

  test("is x·W + b, with the gradients of that", () => {
    tf.tidy(() => {
      const plain = (x: tf.Tensor, w: tf.Tensor, b: tf.Tensor) =>
        tf.add(tf.matMul(x as tf.Tensor2D, w as tf.Tensor2D), b);
      const ours = (x: tf.Tensor, w: tf.Tensor, b: tf.Tensor) =>
        dense(x as tf.Tensor2D, w as tf.Tensor2D, b as tf.Tensor1D);
      const inputs = [tf.tensor2d(x!, [2, 3]), tf.tensor2d(kernel!, [3, 2]), tf.tensor1d(bias!)];
      expectAllClose(
        of(x!, kernel!, bias!).dataSync(),
        plain(inputs[0]!, inputs[1]!, inputs[2]!).dataSync(),
        1e-6,
      );
      const gradients = (f: typeof plain) =>
        tf
          .grads((...all) => tf.sum(tf.square(f(all[0]!, all[1]!, all[2]!))))(inputs)
          .map((g) => [...g.dataSync()]);
      expectAllClose(gradients(ours).flat(), gradients(plain).flat(), 1e-5);
    });
  });

  test("computes no gradient for inputs that need none", async () => {
    const multiplications = async (wanted: (w: tf.Tensor, x: tf.Tensor) => tf.Tensor[]) => {
      const [w, images] = [tf.tensor2d(kernel!, [3, 2]), tf.tensor2d(x!, [2, 3])];
      const { kernels } = await tf.profile(() => wanted(w, images)[0]!);
      return kernels.filter(({ name }) => name === "BatchMatMul").length;
    };
    const f = (w: tf.Tensor, x: tf.Tensor) =>
      tf.sum(dense(x as tf.Tensor2D, w as tf.Tensor2D, tf.tensor1d(bias!))) as tf.Scalar;
    expect(await multiplications((w, x) => [tf.grad((w) => f(w, x))(w)])).toBe(1);
    expect(await multiplications((w, x) => tf.grads((w, x) => f(w!, x!))([w, x]))).toBe(2);
  });
});
