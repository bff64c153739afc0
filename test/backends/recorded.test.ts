import { fused } from "@tensorflow/tfjs-core";
import { expect, test } from "vitest";
import { stepRecorder, useBackend } from "../../src/backends/index.ts";
import { likelihoodSchema } from "../../src/model/likelihoods/index.ts";
import type { Objective } from "../../src/objectives/objective.ts";
import { RandomStream } from "../../src/tensors/random.ts";
import * as tf from "../../src/tensors/tf.ts";
import { createStep } from "../../src/training/createStep.ts";
import { recordedStep } from "../../src/training/recordedStep.ts";
import { initialState } from "../../src/training/state.ts";
import { train } from "../../src/training/trainer.ts";
import { describeUnless, tensorflowMissing } from "../helpers/missing.ts";
import { stepInputs, tinyTraining } from "../helpers/tiny.ts";
import { difference, normal, useTensorflowInOwnFolder } from "./helpers.ts";

type Training = ReturnType<typeof tinyTraining>;

/** An objective with something done in each step that adds to the distortion. */
function disturbed(objective: Objective, disturb: (x: tf.Tensor) => tf.Tensor): Objective {
  return {
    ...objective,
    perExample(terms) {
      const [distortion, rate] = objective.perExample(terms) as [tf.Tensor1D, tf.Tensor1D];
      return [tf.add(distortion, disturb(distortion)), rate];
    },
  };
}

const losses = ({ events }: Pick<Training, "events">) =>
  events.flatMap((event) => (event.type === "step" ? [event.metrics.loss] : []));

/** Weights, then moments. */
const contents = ({ vae, optimizer }: Training) =>
  [...vae.parameters.variables, ...optimizer.state.values()].map((variable) => variable.dataSync());

async function trainRecorded(training: Training): Promise<void> {
  const { vae, objective, optimizer, options } = training;
  const step = recordedStep(vae, objective, optimizer, stepRecorder()!);
  await train({ ...options, step });
  step.dispose();
}

async function bothWays(settings: Record<string, string>): Promise<{ eager: Training; recorded: Training }> {
  const readAlways = { ...settings, "training.logEvery": "1" };
  const [eager, recorded] = [tinyTraining(readAlways), tinyTraining(readAlways)];
  await eager.run();
  await trainRecorded(recorded);
  return { eager, recorded };
}

/** A step with its inputs, by itself. */
function singleStep(settings: Record<string, string> = {}) {
  const training = tinyTraining(settings);
  const { vae, objective, optimizer } = training;
  const step = recordedStep(vae, objective, optimizer, stepRecorder()!);
  let number = 0;
  const take = (batch = 16, scale = 1) => {
    const x = new RandomStream("x").uniforms(batch * 784).map((pixel) => scale * pixel);
    const noise = new RandomStream("noise").normals(batch * 4);
    number++;
    return step.run(stepInputs({ count: batch, x, noise, step: number }));
  };
  const run = async (...args: Parameters<typeof take>) => {
    await take(...args);
    return (await step.read())[0]!;
  };
  return { training, step, take, run };
}

/** What lives, in TensorFlow.js and in TensorFlow itself. */
const alive = () => [
  tf.memory().numTensors,
  (tf.backend() as unknown as { getNumOfTFTensors(): number }).getNumOfTFTensors(),
];

test("a backend that cannot record refuses where it is asked to, and else runs eagerly", async () => {
  await useBackend("cpu");
  const { vae: model, objective, optimizer } = tinyTraining();
  const parts = { model, objective, optimizer };
  expect(() => createStep("recorded", parts, () => {})).toThrow(
    "training.step is recorded, which the cpu backend cannot do. It accepts auto and eager.",
  );
  const notes: string[] = [];
  createStep("auto", parts, (text) => notes.push(text));
  expect(notes).toEqual([]);
});

describeUnless(tensorflowMissing, "on a real TensorFlow", () => {
  useTensorflowInOwnFolder();

  const kinds = likelihoodSchema.options
    .map(({ shape }) => ({ "likelihood.kind": shape.kind.value }))
    .filter((settings) => settings["likelihood.kind"] !== "poisson"); // of tables
  const more: Record<string, string>[] = [
    { "likelihood.sigma": "shared" },
    { "likelihood.sigma": "perPixel" },
    { "model.network.kind": "conv" },
    { "training.clipNorm": "5" },
    { "objective.warmup": "2", "training.warmupSteps": "4", "training.schedule": "cosine" },
  ];

  // 300 images in batches of 64: each epoch ends with a batch of 44.
  test.each([...kinds, ...more])("gives the losses of the eager step: %o", async (settings) => {
    const { eager, recorded } = await bothWays({ "training.epochs": "2", ...settings });
    expect(losses(recorded)).toHaveLength(10);
    expect(losses(recorded).length).toBe(losses(eager).length);
    for (const [i, loss] of losses(eager).entries()) {
      expect(Math.abs(losses(recorded)[i]! - loss)).toBeLessThanOrEqual(1e-5 * Math.abs(loss));
    }
    for (const event of ["step", "epoch"] as const) {
      const of = ({ events }: Training) => events.filter(({ type }) => type === event).length;
      expect(of(eager)).toBeGreaterThan(0);
      expect(of(recorded)).toBe(of(eager));
    }
  });

  test("over 200 steps, and so do weights and moments", async () => {
    const { eager, recorded } = await bothWays({ "training.epochs": "40", "likelihood.sigma": "shared" });
    expect(losses(eager)).toHaveLength(200);
    for (const [i, loss] of losses(eager).entries()) {
      expect(Math.abs(losses(recorded)[i]! - loss)).toBeLessThanOrEqual(1e-5 * Math.abs(loss));
    }
    expect(contents(eager).length).toBeGreaterThan(0);
    for (const [i, values] of contents(eager).entries()) {
      expect(difference(contents(recorded)[i]!, values)).toBeLessThan(1e-3);
    }
  });

  test("the same seed gives the same bytes", async () => {
    const [a, b] = [tinyTraining(), tinyTraining()];
    await trainRecorded(a);
    await trainRecorded(b);
    expect(contents(a)).toEqual(contents(b));
  });

  test("stopped and gone on with from a checkpoint, it gives the same bytes", async () => {
    const whole = tinyTraining();
    await trainRecorded(whole);

    const controller = new AbortController();
    const first = tinyTraining(
      {},
      {
        signal: controller.signal,
        emit: (event) => {
          if (event.type === "progress" && event.step === 7) controller.abort();
        },
      },
    );
    await trainRecorded(first);
    const { state } = first.saved.at(-1)!;
    expect(state.step).toBe(7);
    const second = tinyTraining({}, { state: structuredClone(state) });
    const variables = [...second.vae.parameters.variables, ...second.optimizer.state.values()];
    for (const [i, values] of contents(first).entries()) {
      tf.tidy(() => variables[i]!.assign(tf.tensor(values.slice(), variables[i]!.shape)));
    }
    await trainRecorded(second);
    expect(contents(second)).toEqual(contents(whole));
  });

  test("what is assigned between a sync and the next run counts", async () => {
    const { training, step, run } = singleStep();
    await run();
    await step.sync();
    const [kernel] = training.vae.parameters.variables;
    tf.tidy(() => kernel!.assign(tf.zeros(kernel!.shape)));
    await run();
    await step.sync();
    // Adam moves no weight by much more than the learning rate.
    expect(tf.tidy(() => tf.max(tf.abs(kernel!)).dataSync()[0])).toBeLessThan(0.0101);
    step.dispose();
  });

  test("makes no update where the loss is not finite", async () => {
    const { training, step, run } = singleStep();
    await run();
    await step.sync();
    const before = contents(training);
    const { distortion } = await run(16, 1e30);
    expect(Number.isFinite(distortion)).toBe(false);
    await step.sync();
    expect(contents(training)).toEqual(before);
    expect(Number.isFinite((await run()).distortion)).toBe(true);
    step.dispose();
  });

  test("makes no update after such a loss either, until a sync, and tells of each step", async () => {
    const { training, step, take } = singleStep();
    await take(16);
    await step.read();
    await step.sync();
    const before = contents(training);
    await take(16, 1e30);
    await take(7);
    await take(16);
    const [first, ...others] = await step.read();
    expect(Number.isFinite(first!.distortion)).toBe(false);
    expect(others).toEqual([]);
    await step.sync();
    expect(contents(training)).toEqual(before);
    for (const batch of [16, 7, 16]) await take(batch);
    expect((await step.read()).map(({ distortion }) => Number.isFinite(distortion))).toEqual([
      true,
      true,
      true,
    ]);
    step.dispose();
  });

  test("records once for each shape of the batch", async () => {
    const { vae, objective, optimizer } = tinyTraining();
    const record = stepRecorder()!;
    const shapes: (readonly number[])[] = [];
    const step = recordedStep(vae, objective, optimizer, (program, inputs) => {
      shapes.push(inputs[0]!.shape);
      return record(program, inputs);
    });
    for (const [i, batch] of [16, 16, 7, 16, 7].entries()) {
      const [x, noise] = [new Float32Array(784 * batch), new Float32Array(4 * batch)];
      const [beta, learningRate] = [i, 1e-3 / (i + 1)];
      await step.run(stepInputs({ count: batch, x, noise, beta, learningRate, step: i + 1 }));
    }
    expect(shapes).toEqual([
      [16, 784],
      [7, 784],
    ]);
    step.dispose();
  });

  test("leaves no tensor behind, and memory does not grow", async () => {
    const before = alive();
    const { training, step, run } = singleStep();
    for (let i = 0; i < 300; i++) await run();
    await step.sync();
    const [tensors, native] = alive();
    const resident = process.memoryUsage.rss();
    for (let i = 0; i < 2000; i++) {
      await run();
      if (i % 50 === 0) await step.sync();
    }
    await step.sync();
    expect(alive()).toEqual([tensors, native]);
    // A leaked batch alone would be 100 MB.
    expect(process.memoryUsage.rss() - resident).toBeLessThan(40e6);
    step.dispose();
    training.optimizer.dispose();
    training.vae.parameters.dispose();
    expect(alive()).toEqual(before);
  });

  const unrecordable: [string, RegExp, (x: tf.Tensor) => tf.Tensor][] = [
    ["draws random numbers", /not the same twice/, (x) => tf.randomUniform(x.shape)],
    ["reads what it has computed", /reads a value/, (x) => tf.scalar(x.dataSync()[0]!)],
  ];
  test.each(unrecordable)("a step that %s runs eagerly, which is said once", async (_, reason, disturb) => {
    const { vae: model, optimizer, ...training } = tinyTraining({ "training.logEvery": "1" });
    const notes: string[] = [];
    const objective = disturbed(training.objective, disturb);
    const step = createStep("auto", { model, objective, optimizer }, (text) => notes.push(text));
    await train({ ...training.options, step });
    expect(notes).toEqual([expect.stringMatching(reason)]);
    expect(losses(training)).toHaveLength(15);

    const strict = createStep("recorded", { model, objective, optimizer }, () => {});
    await expect(
      train({ ...training.options, state: initialState(objective), step: strict }),
    ).rejects.toThrow(/cannot be recorded: .*--training.step eager/);
  });

  test("kernels that are replaced for it agree with the plain-JavaScript backend", async () => {
    const compute = async (backend: string) => {
      await useBackend(backend);
      return tf.tidy(() => {
        const product = (a: number[], b: number[], transposeA = false, transposeB = false) =>
          tf.matMul(normal("a", a), normal("b", b), transposeA, transposeB);
        const x = normal("x", [5, 7]);
        const dense = (batch: number[], activation: "relu" | "elu") =>
          fused.matMul({
            a: normal("a", [...batch, 5, 6]),
            b: normal("b", [6, 7]),
            bias: normal("bias", [7]),
            activation,
          });
        return [
          product([5, 6], [6, 7]),
          product([6, 5], [6, 7], true),
          product([5, 6], [7, 6], false, true),
          product([6, 5], [7, 6], true, true),
          product([1, 5, 6], [6, 7]),
          product([3, 5, 6], [3, 6, 7]),
          product([3, 5, 6], [1, 6, 7]),
          dense([], "relu"),
          dense([1], "elu"),
          tf.gather(x, tf.tensor2d([4, 0, 2, 2], [2, 2], "int32")),
          tf.gather(x, tf.tensor1d([6, 1], "int32"), 1),
          tf.expandDims(x, 1),
          tf.expandDims(x, -1),
          tf.step(x),
          tf.step(x, 0.5),
        ].map((result) => ({ shape: result.shape, values: result.dataSync() }));
      });
    };
    const wanted = await compute("cpu");
    const got = await compute("tensorflow");
    expect(got.map(({ shape }) => shape)).toEqual(wanted.map(({ shape }) => shape));
    for (const [i, { values }] of wanted.entries())
      expect(difference(got[i]!.values, values)).toBeLessThan(1e-6);
    expect(tf.step(tf.tensor1d([Number.NaN, -1, 0, 2])).dataSync()).toEqual(
      Float32Array.of(Number.NaN, 0, 0, 1),
    );
    expect(() => tf.gather(tf.zeros([3]), tf.tensor1d([3], "int32"))).toThrow(
      /indices\[0\] = 3 is not in \[0, 3\)/,
    );
  });
});
