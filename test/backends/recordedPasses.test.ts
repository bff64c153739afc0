import type { WebGPUBackend } from "@tensorflow/tfjs-backend-webgpu";
import { afterEach, beforeAll, expect, test, vi } from "vitest";
import { passRecorder, useBackend } from "../../src/backends/index.ts";
import { mustAgree } from "../../src/backends/recording.ts";
import { estimateElbo } from "../../src/evaluation/bounds.ts";
import { decodedPass, evaluatePasses, termsPass } from "../../src/evaluation/passes.ts";
import { createRunner, type Pass, type Runner } from "../../src/evaluation/runner.ts";
import { likelihoodSchema } from "../../src/model/likelihoods/index.ts";
import type { Vae } from "../../src/model/vae.ts";
import type { HostArray } from "../../src/tensors/hostArray.ts";
import { RandomStream } from "../../src/tensors/random.ts";
import * as tf from "../../src/tensors/tf.ts";
import { describeUnless, tensorflowMissing } from "../helpers/missing.ts";
import { stepInputs, tinyTraining } from "../helpers/tiny.ts";
import { difference, useTensorflowInOwnFolder } from "./helpers.ts";
import { absent } from "./softwareWebgpu.ts";

const everything: Pass = (model, [x, posterior]) => {
  const vae = model as Vae;
  const { q, z, decoded, logProb, rate } = vae.forward({ x: x!, posterior: posterior! });
  return [
    ...[...Object.values<tf.Tensor>(q.params), z, decoded, logProb, rate].map((tensor) => tf.clone(tensor)),
    vae.likelihood.scaleAtFloor?.(decoded) ?? tf.scalar(0),
  ];
};
const encoded: Pass = (model, [x]) => [tf.clone((model as Vae).encode(x as tf.Tensor2D).mean())];
const decodedMean: Pass = (model, [, z]) => [
  tf.clone(model.likelihood.mean((model as Vae).decode(z as tf.Tensor2D))),
];

const unheard = (text: string) => {
  throw new Error(text);
};

const opened: Runner[] = [];

/** A recording runner that the test need not dispose of. */
function recordingOf(vae: Vae, note: (text: string) => void = unheard): Runner {
  const runner = createRunner(vae, { record: true, note });
  opened.push(runner);
  return runner;
}

/** A batch of pixels in [0, 1], and noise. */
function example(batch: number, seed = "x"): [HostArray, HostArray] {
  const random = new RandomStream(seed);
  return [
    { values: random.uniforms(batch * 784), shape: [batch, 784] },
    { values: random.normals(batch * 4), shape: [batch, 4] },
  ];
}

/** What a pass gives, recorded if it can be. */
const read = (runner: Runner, pass: Pass, inputs: readonly HostArray[]) => runner.run(pass, inputs, true);

function expectSame(got: Float32Array[], wanted: Float32Array[]): void {
  expect(wanted.length).toBeGreaterThan(0);
  expect(got).toHaveLength(wanted.length);
  for (const [i, values] of wanted.entries()) expect(difference(got[i]!, values)).toBeLessThan(1e-5);
}

test("a backend that records no pass runs them operation by operation, and has nothing to say about it", async () => {
  await useBackend("cpu");
  expect(passRecorder()).toBeUndefined();
  const { vae, runner, dataset, coding } = tinyTraining();
  const recording = recordingOf(vae);
  expect(await estimateElbo(recording, dataset.test, coding, { batchSize: 5 })).toEqual(
    await estimateElbo(runner, dataset.test, coding, { batchSize: 5 }),
  );
  recording.dispose();
});

test("a recording has to give the same numbers, and what is not finite where that is so", () => {
  const expected = [1000, 0.001, Number.NaN, Number.POSITIVE_INFINITY];
  mustAgree([1000.05, 0.00105, Number.NaN, Number.NaN], expected, 1e-4);
  for (const [i, wrong] of [1000.2, 0.0012, 0, 0].entries()) {
    expect(() => mustAgree(expected.with(i, wrong), expected, 1e-4)).toThrow(/not give the same numbers/);
  }
  expect(() => mustAgree([Number.NaN], [0], 1e-4)).toThrow();
  expect(() => mustAgree([], [0], 1e-4)).toThrow();
});

describeUnless(absent, "on webgpu", () => {
  beforeAll(() => tf.setBackend("webgpu"));

  test("a pass sees the weights as they are, after steps and assignments", async () => {
    const { vae, runner, options, optimizer } = tinyTraining({ "likelihood.kind": "bernoulli" });
    const recording = createRunner(vae, { record: true, note: unheard });
    const [x, noise] = example(16);
    const [before] = await read(recording, everything, [x, noise]);
    const batch = { count: 16, x: x.values, noise: noise.values };
    await options.step.run(stepInputs({ ...batch, learningRate: 0.01, step: 1 }));
    const after = await read(recording, everything, [x, noise]);
    expect(difference(after[0]!, before!)).toBeGreaterThan(0.01);
    expectSame(after, await read(runner, everything, [x, noise]));
    for (const variable of vae.parameters.variables) tf.tidy(() => variable.assign(tf.mul(variable, 1.1)));
    expectSame(await read(recording, everything, [x, noise]), await read(runner, everything, [x, noise]));
    for (const part of [recording, optimizer, vae.parameters]) part.dispose();
  });

  test("passes that are asked for at once run one after the other, and leave nothing behind", async () => {
    const { vae, optimizer } = tinyTraining({ "likelihood.kind": "bernoulli" });
    const recording = createRunner(vae, { record: true, note: unheard });
    const inputs = ["a", "b", "c"].map((seed) => example(16, seed));
    const wanted = [];
    for (const each of inputs) wanted.push(await read(recording, encoded, each));
    const before = tf.memory();
    const { device } = tf.backend() as unknown as WebGPUBackend;
    const created = vi.spyOn(device, "createBuffer");
    for (let i = 0; i < 20; i++) {
      expect(await Promise.all(inputs.map((each) => read(recording, encoded, each)))).toEqual(wanted);
    }
    expect(created).not.toHaveBeenCalled();
    vi.restoreAllMocks();
    expect(tf.memory()).toEqual(before);
    for (const part of [recording, optimizer, vae.parameters]) part.dispose();
  });

  test("what draws random numbers runs eagerly, which is said once", async () => {
    const { vae, optimizer } = tinyTraining({ "likelihood.kind": "bernoulli" });
    const notes: string[] = [];
    const recording = createRunner(vae, { record: true, note: (text) => notes.push(text) });
    const random: Pass = (model, [x]) => [
      tf.add((model as Vae).encode(x as tf.Tensor2D).mean(), tf.randomUniform([16, 4])),
    ];
    for (let i = 0; i < 2; i++) await read(recording, random, example(16));
    expect(notes).toEqual([expect.stringMatching(/not the same twice/)]);
    for (const part of [recording, optimizer, vae.parameters]) part.dispose();
  });
});

describeUnless(tensorflowMissing, "on a real TensorFlow", () => {
  useTensorflowInOwnFolder();

  /** TensorFlow's sessions that are open. */
  const sessions = () => (tf.backend() as unknown as { getNumOfSavedModels(): number }).getNumOfSavedModels();

  /** What lives, in TensorFlow.js and in TensorFlow itself. */
  const alive = () => [
    tf.memory().numTensors,
    (tf.backend() as unknown as { getNumOfTFTensors(): number }).getNumOfTFTensors(),
    sessions(),
  ];

  afterEach(() => {
    for (const runner of opened.splice(0)) runner.dispose();
    expect(sessions()).toBe(0);
  });

  const kinds = likelihoodSchema.options
    .map(({ shape }) => ({ "likelihood.kind": shape.kind.value }))
    .filter((settings) => settings["likelihood.kind"] !== "poisson"); // of tables
  const more: Record<string, string>[] = [
    { "likelihood.sigma": "shared" },
    { "likelihood.sigma": "perPixel" },
    { "model.network.kind": "conv" },
    { "dataset.pixels": "gray-dequantized" },
  ];

  test.each([...kinds, ...more])("gives what operation by operation is computed: %o", async (settings) => {
    const { vae, runner } = tinyTraining(settings);
    const recording = recordingOf(vae);
    const [first, second] = [example(16), example(16, "y")];
    for (const pass of [everything, encoded, decodedMean]) {
      for (const inputs of [first, second]) {
        expectSame(await read(recording, pass, inputs), await read(runner, pass, inputs));
      }
    }
    expect(sessions()).toBe(3);
  });

  test("sees the weights as they are", async () => {
    const { vae, runner, options, optimizer } = tinyTraining({ "likelihood.sigma": "shared" });
    const recording = recordingOf(vae);
    const [x, noise] = example(16);
    const [before] = await read(recording, everything, [x, noise]);
    const batch = { count: 16, x: x.values, noise: noise.values };
    await options.step.run(stepInputs({ ...batch, learningRate: 0.01, step: 1 }));
    const after = await read(recording, everything, [x, noise]);
    expect(difference(after[0]!, before!)).toBeGreaterThan(0.01);
    expectSame(after, await read(runner, everything, [x, noise]));
    for (const variable of vae.parameters.variables) {
      tf.tidy(() => variable.assign(tf.mul(variable, 1.1)));
    }
    expectSame(await read(recording, everything, [x, noise]), await read(runner, everything, [x, noise]));
    expect(sessions()).toBe(1);
    optimizer.dispose();
  });

  test("a split of ten full batches is recorded, and its smaller last one is not", async () => {
    const { vae, runner, dataset, coding } = tinyTraining({ "likelihood.kind": "bernoulli" });
    const recording = recordingOf(vae);
    const recorded = await estimateElbo(recording, dataset.train, coding, { batchSize: 28 }); // 300 = 10 · 28 + 20
    expect(sessions()).toBe(1);
    const eager = await estimateElbo(runner, dataset.train, coding, { batchSize: 28 });
    expect(recorded.count).toBe(300);
    expect(recorded.distortion / eager.distortion).toBeCloseTo(1, 6);
    expect(recorded.rate / eager.rate).toBeCloseTo(1, 6);

    await estimateElbo(recording, dataset.train, coding, { batchSize: 28 });
    expect(sessions()).toBe(1); // again, for the next epoch
    await estimateElbo(recording, dataset.train, coding, { batchSize: 31 }); // 9 full batches
    expect(sessions()).toBe(1);
    for await (const { count, x, values } of evaluatePasses(recording, dataset.train, coding, decodedPass, {
      batchSize: 30,
    })) {
      expect([count, x.length, values[0]!.length]).toEqual([30, 30 * 784, 30 * 784]);
    }
    expect(sessions()).toBe(2);
  });

  test("records nothing where it is told not to", async () => {
    const { vae, dataset, coding } = tinyTraining();
    const runner = createRunner(vae, { record: false, note: unheard });
    await estimateElbo(runner, dataset.train, coding, { batchSize: 10 });
    expect(sessions()).toBe(0);
  });

  const unrecordable: [string, RegExp, (x: tf.Tensor) => tf.Tensor][] = [
    ["draws random numbers", /not the same twice/, (x) => tf.randomUniform(x.shape)],
    ["reads what it has computed", /reads a value/, (x) => tf.scalar(x.dataSync()[0]!)],
  ];
  test.each(unrecordable)("a pass that %s runs eagerly, which is said once", async (_, reason, disturb) => {
    const { vae, runner } = tinyTraining();
    const notes: string[] = [];
    const pass = termsPass(({ logLikelihood, rate }) => [
      tf.clone(logLikelihood),
      tf.add(rate, tf.mul(0, disturb(rate))),
    ]);
    const undisturbed = termsPass(({ logLikelihood, rate }) => [tf.clone(logLikelihood), tf.clone(rate)]);
    const inputs = example(16);
    const wanted = await read(runner, undisturbed, inputs);
    const before = alive();
    const recording = recordingOf(vae, (text) => notes.push(text));
    for (let i = 0; i < 3; i++) expectSame(await read(recording, pass, inputs), wanted);
    expectSame(await read(recording, undisturbed, inputs), wanted);
    expect(notes).toEqual([expect.stringMatching(reason)]);
    expect(alive()).toEqual(before);
  });

  test("leaves no tensor and no session behind, and memory does not grow", async () => {
    const { vae } = tinyTraining();
    const inputs = example(64);
    const before = alive();
    const recording = recordingOf(vae);
    for (let i = 0; i < 300; i++) await read(recording, everything, inputs);
    expect(alive()).toEqual([before[0], before[1], 1]);
    const resident = process.memoryUsage.rss();
    for (let i = 0; i < 2000; i++) await read(recording, everything, inputs);
    expect(alive()).toEqual([before[0], before[1], 1]);
    // Leaked decoder outputs alone would be 400 MB.
    expect(process.memoryUsage.rss() - resident).toBeLessThan(60e6);
    recording.dispose();
    expect(alive()).toEqual(before);
  });
});
