import type { WebGPUBackend } from "@tensorflow/tfjs-backend-webgpu";
import { beforeAll, describe, expect, test, vi } from "vitest";
import { type StepProgram, stepRecorder } from "../../src/backends/index.ts";
import type { Objective } from "../../src/objectives/objective.ts";
import { RandomStream } from "../../src/tensors/random.ts";
import * as tf from "../../src/tensors/tf.ts";
import { createStep } from "../../src/training/createStep.ts";
import { adam } from "../../src/training/optimizers/adam.ts";
import { differentiate, type TrainStep } from "../../src/training/step.ts";
import { stepInputs, tinyTraining } from "../helpers/tiny.ts";
import { difference } from "./helpers.ts";
import { absent } from "./softwareWebgpu.ts";

/** A model with its step; software takes long over one, so there are few and small ones. */
function start(
  kind: "eager" | "recorded" | "auto",
  settings: Record<string, string> = {},
  { change = (plain: Objective) => plain, note = (_: string) => {} } = {},
) {
  const { vae, optimizer, ...training } = tinyTraining(settings);
  const objective = change(training.objective);
  const step = createStep(kind, { model: vae, objective, optimizer }, note);
  const variables = [...vae.parameters.variables, ...optimizer.state.values()];
  return {
    step,
    variables,
    /** Weights, then moments. */
    contents: () => Promise.all(variables.map(async (variable) => (await variable.data()).slice())),
    dispose() {
      step.dispose();
      optimizer.dispose();
      vae.parameters.dispose();
    },
  };
}

/** Steps `from` to `to` of a run in which all that can change from step to step does. */
async function run(step: TrainStep, to: number, { from = 1, scale = 1 } = {}): Promise<number[]> {
  for (let n = from; n <= to; n++) {
    const random = new RandomStream("batch").fork(n);
    const batch = n % 3 === 0 ? 4 : 16;
    const x = random.uniforms(784 * batch).map((pixel) => scale * pixel);
    const noise = random.normals(4 * batch);
    await step.run(stepInputs({ count: batch, x, noise, beta: n / 4, learningRate: 0.01 / n, step: n }));
  }
  return (await step.read()).flatMap(({ distortion, rate }) => [distortion!, rate!]);
}

describe.skipIf(absent)("the recorded step on webgpu", () => {
  beforeAll(() => tf.setBackend("webgpu"));

  test.each<[number, Record<string, string>]>([
    [7, { "likelihood.kind": "bernoulli" }],
    [3, { "likelihood.kind": "gaussian", "likelihood.sigma": "perPixel", "training.clipNorm": "5" }],
    [2, { "likelihood.kind": "discretized-logistic" }],
    [2, { "model.network.kind": "conv", "model.network.channels": "2,3", "model.network.kernel": "2" }],
  ])("does in %i steps what the eager one does: %o", async (steps, settings) => {
    const [eager, recorded] = [start("eager", settings), start("recorded", settings)];
    const wanted = await run(eager.step, steps);
    const got = await run(recorded.step, steps);
    expect(wanted).toHaveLength(2 * steps);
    for (const [i, value] of wanted.entries()) {
      expect(Math.abs(got[i]! - value)).toBeLessThanOrEqual(1e-5 * Math.abs(value));
    }
    await recorded.step.sync();
    const contents = await recorded.contents();
    expect(contents.length).toBe(eager.variables.length);
    expect(contents.length).toBeGreaterThan(0);
    for (const [i, values] of (await eager.contents()).entries()) {
      expect(difference(contents[i]!, values)).toBeLessThan(1e-4);
    }
    eager.dispose();
    recorded.dispose();
  });

  test("gone on with from a checkpoint, it gives the same bytes", async () => {
    const [whole, first, second] = [start("recorded"), start("recorded"), start("recorded")];
    await run(whole.step, 3);
    await run(first.step, 2);
    for (const { step } of [whole, first]) await step.sync();
    const stored = await first.contents();
    for (const [i, variable] of second.variables.entries()) {
      tf.tidy(() => variable.assign(tf.tensor(stored[i]!, variable.shape)));
    }
    await run(second.step, 3, { from: 3 });
    await second.step.sync();
    expect(await second.contents()).toEqual(await whole.contents());
    for (const each of [whole, first, second]) each.dispose();
  });

  test("what is assigned between a sync and the next run counts", async () => {
    const { step, variables, dispose } = start("recorded");
    await run(step, 1);
    await step.sync();
    const [kernel] = variables;
    tf.tidy(() => kernel!.assign(tf.zeros(kernel!.shape)));
    await run(step, 2, { from: 2 });
    await step.sync();
    // Adam moves no weight by much more than the learning rate.
    const largest = tf.tidy(() => tf.max(tf.abs(kernel!)));
    expect((await largest.data())[0]).toBeLessThan(0.0101);
    largest.dispose();
    dispose();
  });

  test("makes no update where the loss is not finite", async () => {
    const { step, contents, dispose } = start("recorded");
    await run(step, 1);
    await step.sync();
    const before = await contents();
    const [distortion] = await run(step, 2, { from: 2, scale: 1e30 });
    expect(Number.isFinite(distortion)).toBe(false);
    await step.sync();
    expect(await contents()).toEqual(before);
    expect((await run(step, 2, { from: 2 })).every(Number.isFinite)).toBe(true);
    dispose();
  });

  test("leaves no tensor and no memory behind", async () => {
    const { numTensors } = tf.memory();
    const { step, variables, dispose } = start("recorded", { "training.clipNorm": "5" });
    const someSteps = async () => {
      await run(step, 3);
      await step.sync();
      await variables[0]!.data(); // submits what is recorded, which returns its buffers
    };
    await someSteps();
    const before = tf.memory();
    for (let i = 0; i < 2; i++) await someSteps();
    expect(before).toHaveProperty("numBytesInGPU");
    expect(tf.memory()).toEqual(before);
    dispose();
    expect(tf.memory().numTensors).toBe(numTensors);
  });

  test("a step that draws random numbers runs eagerly, which is said once", async () => {
    const notes: string[] = [];
    const { step, dispose } = start(
      "auto",
      {},
      {
        note: (text) => notes.push(text),
        change: (plain) => ({
          ...plain,
          perExample(terms) {
            const [distortion, rate] = plain.perExample(terms) as [tf.Tensor1D, tf.Tensor1D];
            return [tf.add(distortion, tf.randomUniform(distortion.shape)), rate];
          },
        }),
      },
    );
    expect((await run(step, 2)).every(Number.isFinite)).toBe(true);
    expect(notes).toEqual([expect.stringMatching(/not the same twice/)]);
    dispose();
  });
});

test.skipIf(absent)("the step of 784-400-20 is of few commands", async () => {
  const { trace } = await import("../../src/backends/webgpu/recording/trace.ts"); // needs the globals of WebGPU
  await tf.setBackend("webgpu");
  const settings = { "likelihood.kind": "bernoulli", "model.network.hidden": "400", "model.latentDim": "20" };
  const { vae, objective, optimizer } = tinyTraining(settings);
  const inputs = [tf.zeros([128, 784]), tf.zeros([128, 20]), tf.scalar(1)];
  const backend = tf.backend() as unknown as WebGPUBackend;
  for (const { dataId } of vae.parameters.variables) backend.uploadToGPU(dataId);
  const { dispatches } = trace(backend, inputs, ([x, noise, beta]) => {
    const { means, gradients } = differentiate(vae, objective, [x!, noise!], [beta as tf.Scalar]);
    return [means, ...gradients];
  });
  // Of these, 19 are the dense layers: 11 products, 2 activations with their gradients, 4 sums.
  expect(dispatches.length).toBeLessThanOrEqual(23);
  tf.dispose(inputs);
  optimizer.dispose();
  vae.parameters.dispose();
});

describe.skipIf(absent)("a recording on webgpu", () => {
  beforeAll(() => tf.setBackend("webgpu"));

  /** θ of two elements, whose report and gradient is f(x, θ); Adam's first step moves θ against the sign of it. */
  function program(f: (x: tf.Tensor, theta: tf.Tensor) => tf.Tensor) {
    const [param, m, v] = [
      [3, -4],
      [0, 0],
      [0, 0],
    ].map((values) => tf.variable(tf.tensor1d(values)));
    const slots = [{ param: param!, state: { m: m!, v: v! } }];
    const optimizer = adam.create(adam.schema.parse({ kind: "adam" }));
    const compute: StepProgram["compute"] = ([x]) => {
      const report = f(x!, param!) as tf.Tensor1D;
      return { report, gradients: [tf.mul(report, 1)] };
    };
    return { slots, optimizer, clipNorm: 0, compute };
  }
  const pair = (a: number, b: number) => ({ values: Float32Array.of(a, b), shape: [2] });
  const free = ({ slots }: StepProgram, ...others: tf.Tensor[]) =>
    tf.dispose([...slots.flatMap(({ param, state }) => [param, ...Object.values(state)]), ...others]);

  test("takes new inputs, keeps what is constant, and tells of each step in its turn", async () => {
    const constant = tf.neg(tf.tensor1d([-1, -2])); // on the card
    const recorded = program((x, theta) => tf.add(tf.mul(x, theta), tf.mul(constant, [10, 10])));
    const x = pair(1, 1);
    const step = await stepRecorder()!(recorded, [x]);
    constant.dispose();
    step.load();
    const still = { learningRate: 0, step: 1 };
    for (const input of [x, pair(2, 3), pair(4, 5)]) await step.run([input], still);
    expect((await step.read()).map((report) => [...report])).toEqual([
      [13, 16],
      [16, 8],
      [22, 0],
    ]);
    expect(await step.read()).toEqual([]);
    // The moments hold what these three steps gave; one of these has the gradient 0.
    await step.run([x], { learningRate: 1, step: 2 });
    step.store();
    const [theta] = recorded.slots;
    expect((await theta!.param.data())[0]).toBeLessThan(3);
    step.dispose();
    free(recorded);
  });

  const downloads = (x: tf.Tensor) => {
    const backend = tf.backend() as unknown as WebGPUBackend;
    const copy = backend.readToGPU(tf.neg(x).dataId);
    return copy.tensorRef;
  };
  test("stops changing the parameters at a report that is not finite, until it is loaded again", async () => {
    const recorded = program((x, theta) => tf.mul(x, theta));
    const [{ param }] = recorded.slots as unknown as [{ param: tf.Variable }];
    const step = await stepRecorder()!(recorded, [pair(1, 1)]);
    const at = { learningRate: 1, step: 1 };
    step.load();
    for (const x of [pair(1, 1), pair(1, Number.POSITIVE_INFINITY), pair(1, 1)]) await step.run([x], at);
    const reports = (await step.read()).map((report) => [...report]);
    expect(reports).toEqual([
      [3, -4],
      [2, Number.NEGATIVE_INFINITY],
      [2, -3],
    ]);
    step.store();
    expect([...(await param.data())]).toEqual([2, -3]);
    step.load();
    await step.run([pair(1, 1)], at);
    step.store();
    expect((await param.data())[0]).toBeLessThan(2);
    step.dispose();
    free(recorded);
  });

  test("keeps any number of reports until they are read", async () => {
    const recorded = program((x, theta) => tf.mul(x, theta));
    const step = await stepRecorder()!(recorded, [pair(1, 1)]);
    step.load();
    for (let i = 0; i < 600; i++) await step.run([pair(i, i)], { learningRate: 0, step: 1 });
    expect((await step.read()).map(([a]) => a)).toEqual(Array.from({ length: 600 }, (_, i) => 3 * i));
    step.dispose();
    free(recorded);
  });

  test("makes no buffer in 200 steps", async () => {
    const recorded = program((x, theta) => tf.mul(x, theta));
    const step = await stepRecorder()!(recorded, [pair(1, 1)]);
    const { device } = tf.backend() as unknown as WebGPUBackend;
    const created = vi.spyOn(device, "createBuffer");
    const bound = vi.spyOn(device, "createBindGroup");
    const before = tf.memory();
    step.load();
    for (let i = 1; i <= 200; i++) {
      await step.run([pair(i, i)], { learningRate: 0.1, step: i });
      if (i % 20 === 0) await step.read();
    }
    expect([created.mock.calls.length, bound.mock.calls.length]).toEqual([0, 0]);
    expect(tf.memory()).toEqual(before);
    vi.restoreAllMocks();
    step.dispose();
    free(recorded);
  });

  test.each<[string, RegExp, Parameters<typeof program>[0]]>([
    ["reads an input", /can only be read with/, (x, theta) => tf.mul(theta, x.dataSync()[0]!)],
    ["reads what it has computed", /can only be read with/, (x) => tf.mul(x, tf.neg(x).dataSync()[0]!)],
    ["copies memory by other means", /copies/, downloads],
  ])("is refused for a step that %s", async (_, reason, f) => {
    const refused = program(f);
    const x = pair(1, 2);
    await expect(stepRecorder()!(refused, [x])).rejects.toThrow(reason);
    // The backend goes on as before.
    const negative = tf.neg([1, 2]);
    expect([...(await negative.data())]).toEqual([-1, -2]);
    free(refused, negative);
  });

  test("says so when the card is lost", async () => {
    const recorded = program((x, theta) => tf.mul(x, theta));
    const x = pair(1, 2);
    const step = await stepRecorder()!(recorded, [x]);
    (tf.backend() as unknown as WebGPUBackend).device.destroy();
    const late = async () => {
      await step.run([x], { learningRate: 0, step: 1 });
      await step.read();
    };
    await expect(late()).rejects.toThrow(/^The connection to the graphics card .* was lost/);
  });
});
