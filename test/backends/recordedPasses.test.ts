import type { WebGPUBackend } from "@tensorflow/tfjs-backend-webgpu";
import { afterEach, beforeAll, expect, test, vi } from "vitest";
import { passRecorder, useBackend } from "../../src/backends/index.ts";
import { mustAgree } from "../../src/backends/recording.ts";
import { estimateElbo } from "../../src/evaluation/bounds.ts";
import { decodedPass, evaluatePasses, forwardPass } from "../../src/evaluation/passes.ts";
import { type RecordingVae, recordingVae } from "../../src/evaluation/recordingVae.ts";
import { likelihoodSchema } from "../../src/model/likelihoods/index.ts";
import type { Pass, Vae } from "../../src/model.ts";
import type { HostArray } from "../../src/tensors/hostArray.ts";
import { RandomStream } from "../../src/tensors/random.ts";
import * as tf from "../../src/tensors/tf.ts";
import { describeUnless, tensorflowMissing } from "../helpers/missing.ts";
import { tinyTraining } from "../helpers/tiny.ts";
import { difference, useTensorflowInOwnFolder } from "./helpers.ts";
import { absent } from "./softwareWebgpu.ts";

const everything = forwardPass(({ q, z, decoded, logProb, rate }, { likelihood }) => [
  ...[...Object.values<tf.Tensor>(q), z, decoded, logProb, rate].map((tensor) => tf.clone(tensor)),
  likelihood.scaleAtFloor?.(decoded) ?? tf.scalar(0),
]);
const encoded: Pass = (vae, [x]) => [tf.clone(vae.posteriorMean(vae.encode(x as tf.Tensor2D)))];
const decodedMean: Pass = (vae, [, z]) => [tf.clone(vae.likelihood.mean(vae.decode(z as tf.Tensor2D)))];

const unheard = (text: string) => {
  throw new Error(text);
};

const opened: RecordingVae[] = [];

/** A recording model that the test need not dispose of. */
function recordingOf(vae: Vae, note: (text: string) => void = unheard): RecordingVae {
  const model = recordingVae(vae, { record: true, note });
  opened.push(model);
  return model;
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
const read = (vae: Vae, pass: Pass, inputs: readonly HostArray[]) => vae.run(pass, inputs, true);

function expectSame(got: Float32Array[], wanted: Float32Array[]): void {
  expect(got).toHaveLength(wanted.length);
  for (const [i, values] of wanted.entries()) expect(difference(got[i]!, values)).toBeLessThan(1e-5);
}

test("a backend that records no pass runs them operation by operation, and has nothing to say about it", async () => {
  await useBackend("cpu");
  expect(passRecorder()).toBeUndefined();
  const { vae, dataset, coding } = tinyTraining();
  const model = recordingOf(vae);
  expect(await estimateElbo(model, dataset.test, coding, 5)).toEqual(
    await estimateElbo(vae, dataset.test, coding, 5),
  );
  model.dispose();
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
    const { vae, options, optimizer } = tinyTraining({ "likelihood.kind": "bernoulli" });
    const model = recordingVae(vae, { record: true, note: unheard });
    const [x, noise] = example(16);
    const [before] = await read(model, everything, [x, noise]);
    await options.step.run({
      count: 16,
      x: x.values,
      noise: noise.values,
      beta: 1,
      learningRate: 0.01,
      step: 1,
    });
    const after = await read(model, everything, [x, noise]);
    expect(difference(after[0]!, before!)).toBeGreaterThan(0.01);
    expectSame(after, await read(vae, everything, [x, noise]));
    for (const variable of vae.parameters.variables) tf.tidy(() => variable.assign(tf.mul(variable, 1.1)));
    expectSame(await read(model, everything, [x, noise]), await read(vae, everything, [x, noise]));
    for (const part of [model, optimizer, vae.parameters]) part.dispose();
  });

  test("passes that are asked for at once run one after the other, and leave nothing behind", async () => {
    const { vae, optimizer } = tinyTraining({ "likelihood.kind": "bernoulli" });
    const model = recordingVae(vae, { record: true, note: unheard });
    const inputs = ["a", "b", "c"].map((seed) => example(16, seed));
    const wanted = [];
    for (const each of inputs) wanted.push(await read(model, encoded, each));
    const before = tf.memory();
    const { device } = tf.backend() as unknown as WebGPUBackend;
    const created = vi.spyOn(device, "createBuffer");
    for (let i = 0; i < 20; i++) {
      expect(await Promise.all(inputs.map((each) => read(model, encoded, each)))).toEqual(wanted);
    }
    expect(created).not.toHaveBeenCalled();
    vi.restoreAllMocks();
    expect(tf.memory()).toEqual(before);
    for (const part of [model, optimizer, vae.parameters]) part.dispose();
  });

  test("what draws random numbers runs eagerly, which is said once", async () => {
    const { vae, optimizer } = tinyTraining({ "likelihood.kind": "bernoulli" });
    const notes: string[] = [];
    const model = recordingVae(vae, { record: true, note: (text) => notes.push(text) });
    const random: Pass = (vae, [x]) => [
      tf.add(vae.encode(x as tf.Tensor2D)["mean"]!, tf.randomUniform([16, 4])),
    ];
    for (let i = 0; i < 2; i++) await read(model, random, example(16));
    expect(notes).toEqual([expect.stringMatching(/not the same twice/)]);
    for (const part of [model, optimizer, vae.parameters]) part.dispose();
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
    for (const model of opened.splice(0)) model.dispose();
    expect(sessions()).toBe(0);
  });

  const kinds = likelihoodSchema.options.map(({ shape }) => ({ "likelihood.kind": shape.kind.value }));
  const more: Record<string, string>[] = [
    { "likelihood.sigma": "shared" },
    { "likelihood.sigma": "perPixel" },
    { "model.network.kind": "conv" },
    { "dataset.pixels": "gray-dequantized" },
  ];

  test.each([...kinds, ...more])("gives what operation by operation is computed: %o", async (settings) => {
    const { vae } = tinyTraining(settings);
    const model = recordingOf(vae);
    const [first, second] = [example(16), example(16, "y")];
    for (const pass of [everything, encoded, decodedMean]) {
      for (const inputs of [first, second]) {
        expectSame(await read(model, pass, inputs), await read(vae, pass, inputs));
      }
    }
    expect(sessions()).toBe(3);
  });

  test("sees the weights as they are", async () => {
    const { vae, options, optimizer } = tinyTraining({ "likelihood.sigma": "shared" });
    const model = recordingOf(vae);
    const [x, noise] = example(16);
    const [before] = await read(model, everything, [x, noise]);
    const batch = { count: 16, x: x.values, noise: noise.values };
    await options.step.run({ ...batch, beta: 1, learningRate: 0.01, step: 1 });
    const after = await read(model, everything, [x, noise]);
    expect(difference(after[0]!, before!)).toBeGreaterThan(0.01);
    expectSame(after, await read(vae, everything, [x, noise]));
    for (const variable of vae.parameters.variables) {
      tf.tidy(() => variable.assign(tf.mul(variable, 1.1)));
    }
    expectSame(await read(model, everything, [x, noise]), await read(vae, everything, [x, noise]));
    expect(sessions()).toBe(1);
    optimizer.dispose();
  });

  test("a split of ten full batches is recorded, and its smaller last one is not", async () => {
    const { vae, dataset, coding } = tinyTraining({ "likelihood.kind": "bernoulli" });
    const model = recordingOf(vae);
    const recorded = await estimateElbo(model, dataset.train, coding, 28); // 300 = 10 · 28 + 20
    expect(sessions()).toBe(1);
    const eager = await estimateElbo(vae, dataset.train, coding, 28);
    expect(recorded.count).toBe(300);
    expect(recorded.distortion / eager.distortion).toBeCloseTo(1, 6);
    expect(recorded.rate / eager.rate).toBeCloseTo(1, 6);

    await estimateElbo(model, dataset.train, coding, 28);
    expect(sessions()).toBe(1); // again, for the next epoch
    await estimateElbo(model, dataset.train, coding, 31); // 9 full batches
    expect(sessions()).toBe(1);
    for await (const { count, x, values } of evaluatePasses(model, dataset.train, coding, decodedPass, 30)) {
      expect([count, x.length, values[0]!.length]).toEqual([30, 30 * 784, 30 * 784]);
    }
    expect(sessions()).toBe(2);
  });

  test("records nothing where it is told not to", async () => {
    const { vae, dataset, coding } = tinyTraining();
    const model = recordingVae(vae, { record: false, note: unheard });
    await estimateElbo(model, dataset.train, coding, 10);
    expect(sessions()).toBe(0);
  });

  const unrecordable: [string, RegExp, (x: tf.Tensor) => tf.Tensor][] = [
    ["draws random numbers", /not the same twice/, (x) => tf.randomUniform(x.shape)],
    ["reads what it has computed", /reads a value/, (x) => tf.scalar(x.dataSync()[0]!)],
  ];
  test.each(unrecordable)("a pass that %s runs eagerly, which is said once", async (_, reason, disturb) => {
    const { vae } = tinyTraining();
    const notes: string[] = [];
    const pass = forwardPass(({ logProb, rate }) => [
      tf.clone(logProb),
      tf.add(rate, tf.mul(0, disturb(rate))),
    ]);
    const undisturbed = forwardPass(({ logProb, rate }) => [tf.clone(logProb), tf.clone(rate)]);
    const inputs = example(16);
    const wanted = await read(vae, undisturbed, inputs);
    const before = alive();
    const model = recordingOf(vae, (text) => notes.push(text));
    for (let i = 0; i < 3; i++) expectSame(await read(model, pass, inputs), wanted);
    expectSame(await read(model, undisturbed, inputs), wanted);
    expect(notes).toEqual([expect.stringMatching(reason)]);
    expect(alive()).toEqual(before);
  });

  test("leaves no tensor and no session behind, and memory does not grow", async () => {
    const { vae } = tinyTraining();
    const inputs = example(64);
    const before = alive();
    const model = recordingOf(vae);
    for (let i = 0; i < 300; i++) await read(model, everything, inputs);
    expect(alive()).toEqual([before[0], before[1], 1]);
    const resident = process.memoryUsage.rss();
    for (let i = 0; i < 2000; i++) await read(model, everything, inputs);
    expect(alive()).toEqual([before[0], before[1], 1]);
    // Leaked decoder outputs alone would be 400 MB.
    expect(process.memoryUsage.rss() - resident).toBeLessThan(60e6);
    model.dispose();
    expect(alive()).toEqual(before);
  });
});
