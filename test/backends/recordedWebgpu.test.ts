import type { WebGPUBackend } from "@tensorflow/tfjs-backend-webgpu";
import { beforeAll, describe, expect, test } from "vitest";
import { type StepProgram, stepRecorder } from "../../src/backends/index.ts";
import { webgpu } from "../../src/backends/webgpu.ts";
import { createObjective } from "../../src/objectives/index.ts";
import type { Objective } from "../../src/objectives/objective.ts";
import { RandomStream } from "../../src/random.ts";
import * as tf from "../../src/tf.ts";
import { createStep } from "../../src/training/createStep.ts";
import type { TrainStep } from "../../src/training/step.ts";
import { tinyTraining } from "../helpers/tiny.ts";
import { difference } from "./helpers.ts";

// Any adapter will do here. Where one was set up, by scripts/swiftshader.sh say, its absence is a failure.
process.env["VAE_WEBGPU_SOFTWARE"] = "1";
const wanted = ["VK_ICD_FILENAMES", "VK_DRIVER_FILES"].some((name) => process.env[name]);
const started = await webgpu.load({ threads: 1 }).catch((error: Error) => error);
if (wanted && started instanceof Error) throw started;
const absent = started instanceof Error;

if (absent) test("no adapter", (context) => context.skip((started as Error).message));

/** A model with its step; software takes long over one, so there are few and small ones. */
function start(
  kind: "eager" | "recorded" | "auto",
  settings: Record<string, string> = {},
  { change = (plain: Objective) => plain, note = (_: string) => {} } = {},
) {
  const { vae, config, optimizer } = tinyTraining(settings);
  const objective = change(createObjective(config.objective));
  const step = createStep(kind, { vae, objective, optimizer }, note);
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
  const losses: number[] = [];
  for (let n = from; n <= to; n++) {
    const random = new RandomStream("batch").fork(n);
    const batch = n % 3 === 0 ? 4 : 16;
    const x = tf.tensor2d(
      random.uniforms(784 * batch).map((pixel) => scale * pixel),
      [batch, 784],
    );
    const noise = tf.tensor2d(random.normals(4 * batch), [batch, 4]);
    const terms = await step.run({ x, noise, beta: n / 4, learningRate: 0.01 / n, step: n });
    losses.push(terms.distortion, terms.rate);
    tf.dispose([x, noise]);
  }
  return losses;
}

describe.skipIf(absent)("the recorded step on webgpu", () => {
  beforeAll(() => tf.setBackend("webgpu"));

  test.each<[number, Record<string, string>]>([
    [20, { "likelihood.kind": "bernoulli" }],
    [3, { "likelihood.kind": "gaussian", "likelihood.sigma": "perPixel", "training.clipNorm": "5" }],
    [2, { "likelihood.kind": "discretized-logistic" }],
    [2, { "model.network.kind": "conv", "model.network.channels": "2,3", "model.network.kernel": "2" }],
  ])("does in %i steps what the eager one does: %o", async (steps, settings) => {
    const [eager, recorded] = [start("eager", settings), start("recorded", settings)];
    const wanted = await run(eager.step, steps);
    const got = await run(recorded.step, steps);
    for (const [i, value] of wanted.entries()) {
      expect(Math.abs(got[i]! - value)).toBeLessThanOrEqual(1e-5 * Math.abs(value));
    }
    recorded.step.sync();
    const contents = await recorded.contents();
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
    for (const { step } of [whole, first]) step.sync();
    const stored = await first.contents();
    for (const [i, variable] of second.variables.entries()) {
      tf.tidy(() => variable.assign(tf.tensor(stored[i]!, variable.shape)));
    }
    await run(second.step, 3, { from: 3 });
    second.step.sync();
    expect(await second.contents()).toEqual(await whole.contents());
    for (const each of [whole, first, second]) each.dispose();
  });

  test("what is assigned between a sync and the next run counts", async () => {
    const { step, variables, dispose } = start("recorded");
    await run(step, 1);
    step.sync();
    const [kernel] = variables;
    tf.tidy(() => kernel!.assign(tf.zeros(kernel!.shape)));
    await run(step, 2, { from: 2 });
    step.sync();
    // Adam moves no weight by much more than the learning rate.
    const largest = tf.tidy(() => tf.max(tf.abs(kernel!)));
    expect((await largest.data())[0]).toBeLessThan(0.0101);
    largest.dispose();
    dispose();
  });

  test("makes no update where the loss is not finite", async () => {
    const { step, contents, dispose } = start("recorded");
    await run(step, 1);
    step.sync();
    const before = await contents();
    const [distortion] = await run(step, 2, { from: 2, scale: 1e30 });
    expect(Number.isFinite(distortion)).toBe(false);
    step.sync();
    expect(await contents()).toEqual(before);
    expect((await run(step, 2, { from: 2 })).every(Number.isFinite)).toBe(true);
    dispose();
  });

  test("leaves no tensor and no memory behind", async () => {
    const { numTensors } = tf.memory();
    const { step, variables, dispose } = start("recorded", { "training.clipNorm": "5" });
    const someSteps = async () => {
      await run(step, 3);
      step.sync();
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
          terms(...args) {
            const { distortion, rate } = plain.terms(...args);
            return { distortion: tf.add(distortion, tf.randomUniform(distortion.shape)), rate };
          },
        }),
      },
    );
    expect((await run(step, 2)).every(Number.isFinite)).toBe(true);
    expect(notes).toEqual([expect.stringMatching(/not the same twice/)]);
    dispose();
  });
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
    const slots = [{ param: param!, m: m!, v: v! }];
    const adam = { beta1: 0.9, beta2: 0.999, epsilon: 1e-8 };
    const compute: StepProgram["compute"] = ([x]) => {
      const report = f(x!, param!) as tf.Tensor1D;
      return { report, gradients: [tf.mul(report, 1)] };
    };
    return { slots, adam, compute };
  }
  const free = ({ slots }: StepProgram, ...others: tf.Tensor[]) =>
    tf.dispose([...slots.flatMap(({ param, m, v }) => [param, m, v]), ...others]);

  test("takes inputs from main memory and from the card, and keeps what is constant", async () => {
    const constant = tf.neg(tf.tensor1d([-1, -2])); // on the card
    const recorded = program((x, theta) => tf.add(tf.mul(x, theta), tf.mul(constant, [10, 10])));
    const x = tf.tensor1d([1, 1]);
    const step = await stepRecorder()!(recorded, [x]);
    constant.dispose();
    step.load();
    const still = { learningRate: 0, step: 1 };
    const others = [tf.tensor1d([2, 3]), tf.neg(tf.tensor1d([-4, -5]))];
    expect([...(await step.run([x], still))]).toEqual([13, 16]);
    expect([...(await step.run([others[0]!], still))]).toEqual([16, 8]);
    expect([...(await step.run([others[1]!], still))]).toEqual([22, 0]);
    // The moments hold what these three steps gave; one of these has the gradient 0.
    await step.run([x], { learningRate: 1, step: 2 });
    step.store();
    const [theta] = recorded.slots;
    expect((await theta!.param.data())[0]).toBeLessThan(3);
    step.dispose();
    free(recorded, x, ...others);
  });

  const downloads = (x: tf.Tensor) => {
    const backend = tf.backend() as unknown as WebGPUBackend;
    const copy = backend.readToGPU(tf.neg(x).dataId);
    return copy.tensorRef;
  };
  test.each<[string, RegExp, Parameters<typeof program>[0]]>([
    ["reads an input", /can only be read with/, (x, theta) => tf.mul(theta, x.dataSync()[0]!)],
    ["reads what it has computed", /can only be read with/, (x) => tf.mul(x, tf.neg(x).dataSync()[0]!)],
    ["copies memory by other means", /copies/, downloads],
    // Adam would read the report where it writes the parameter.
    ["reports a parameter", /the card refuses it: .*writable usage/, (_, theta) => tf.clone(theta)],
  ])("is refused for a step that %s", async (_, reason, f) => {
    const refused = program(f);
    const x = tf.tensor1d([1, 2]);
    await expect(stepRecorder()!(refused, [x])).rejects.toThrow(reason);
    // The backend goes on as before.
    const negative = tf.neg(x);
    expect([...(await negative.data())]).toEqual([-1, -2]);
    free(refused, x, negative);
  });

  test("says so when the card is lost", async () => {
    const recorded = program((x, theta) => tf.mul(x, theta));
    const x = tf.tensor1d([1, 2]);
    const step = await stepRecorder()!(recorded, [x]);
    (tf.backend() as unknown as WebGPUBackend).device.destroy();
    await expect(step.run([x], { learningRate: 0, step: 1 })).rejects.toThrow(
      /^The connection to the graphics card .* was lost/,
    );
  });
});
