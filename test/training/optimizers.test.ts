import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import {
  applyUpdate,
  type StepProgram,
  stepRecorder,
  type UpdateRule,
  useBackend,
} from "../../src/backends/index.ts";
import { loadConfig } from "../../src/config/load.ts";
import { plainElbo } from "../../src/objectives/index.ts";
import { readCheckpoint, restore, saveCheckpoint } from "../../src/runs/checkpoint.ts";
import { dataIdentityOf } from "../../src/runs/identity.ts";
import { encodeSafetensors } from "../../src/runs/safetensors.ts";
import { Parameters } from "../../src/tensors/parameters.ts";
import { RandomStream } from "../../src/tensors/random.ts";
import * as tf from "../../src/tensors/tf.ts";
import { createOptimizer } from "../../src/training/optimizer.ts";
import { type OptimizerConfig, optimizerSchema, optimizers } from "../../src/training/optimizers/index.ts";
import { initialState } from "../../src/training/state.ts";
import { absent } from "../backends/softwareWebgpu.ts";
import { describeUnless, tensorflowMissing } from "../helpers/missing.ts";
import { tinyConfig, tinyDigits } from "../helpers/tiny.ts";
import { type Row, rows } from "./rows.ts";

const folder = mkdtempSync(join(tmpdir(), "vae-optimizers-"));
afterAll(() => rmSync(folder, { recursive: true }));

test("every optimiser has a row", () => {
  expect(composed.length).toBe(2);
  expect(new Set(rows.map(({ config }) => config.kind))).toEqual(new Set(optimizers.members.keys()));
});

/** Weights of several shapes, one of which takes many threads, and an optimiser for them. */
function start(config: OptimizerConfig, clipNorm = 0, shapes: readonly number[][] = [[70, 41], [3], []]) {
  const parameters = new Parameters();
  const create = parameters.scope("net");
  const random = new RandomStream("weights");
  for (const [i, shape] of shapes.entries()) {
    create(`w${i}`, random.fork(`${i}`).normals(tf.util.sizeFromShape(shape)), shape);
  }
  const optimizer = createOptimizer(parameters, { optimizer: config, clipNorm });
  const all = [...parameters.variables, ...optimizer.state.values()];
  /** The loss is Σ (θ − x)². */
  const program: StepProgram = {
    slots: optimizer.slots,
    optimizer: optimizer.rule,
    clipNorm,
    compute([x]) {
      const errors = parameters.variables.map((theta) => tf.sub(theta, x!));
      const loss = tf.addN(errors.map((error) => tf.sum(tf.square(error))));
      return { report: tf.reshape(loss, [1]), gradients: errors.map((error) => tf.mul(error, 2)) };
    },
  };
  return {
    parameters,
    optimizer,
    program,
    contents: () => Promise.all(all.map(async (variable) => [...(await variable.data())])),
    dispose() {
      optimizer.dispose();
      parameters.dispose();
    },
  };
}

/** The largest |got − wanted|, relative to the largest |wanted|. */
function difference(got: ArrayLike<number>, wanted: readonly number[]): number {
  expect(got.length).toBe(wanted.length);
  const largest = (values: readonly number[]) => Math.max(...values.map(Math.abs));
  return largest(wanted.map((value, i) => got[i]! - value)) / largest(wanted);
}

const rateAt = (step: number) => 0.01 + 0.002 * step;
const inputAt = (step: number) => [{ shape: [], values: Float32Array.of(Math.sin(step)) }];

/** The steps from one number to another, operation by operation. */
async function runEagerly({ program, optimizer }: ReturnType<typeof start>, from: number, to: number) {
  for (let step = from; step <= to; step++) {
    const gradients = tf.tidy(() => [...program.compute([tf.scalar(Math.sin(step))]).gradients]);
    await optimizer.apply(gradients, rateAt(step), step);
    tf.dispose(gradients);
  }
}

/** The same, recorded. */
async function runRecorded({ program }: ReturnType<typeof start>, from: number, to: number) {
  const recorded = await stepRecorder()!(program, inputAt(from));
  recorded.load();
  for (let step = from; step <= to; step++) {
    await recorded.run(inputAt(step), { learningRate: rateAt(step), step });
  }
  recorded.store();
  recorded.dispose();
}

/** Those that backends have a kernel for, without it. */
const composed = rows.flatMap((row) => {
  const { adam, ...rule } = optimizers.of(row.config).create(row.config);
  return adam ? [{ ...row, name: `${row.name}, composed`, rule }] : [];
});

function obeysItsFormula() {
  test.each<Row & { rule?: UpdateRule }>([...rows, ...composed])(
    "$name: three steps agree with float64",
    async (row) => {
      const { config, state, step, rule } = row;
      const { parameters, optimizer, dispose } = start(config, 0, [[4]]);
      const [theta] = parameters.variables;
      let wanted = [...(await theta!.data())].map((weight) => [weight, ...state.map(() => 0)]);
      const gradients = [
        [1, -2, 0.5, 0],
        [3, -0.1, -0.25, 0],
        [-1, 20, 1e-4, 0],
      ];
      for (const [i, gradient] of gradients.entries()) {
        wanted = wanted.map((weight, k) => step(weight, gradient[k]!, i + 1, 0.1 / (i + 1)));
        const grad = tf.tensor1d(gradient);
        const at = { learningRate: 0.1 / (i + 1), step: i + 1 };
        if (rule) applyUpdate(rule, optimizer.slots, [grad], { ...at, scale: 1 });
        else await optimizer.apply([grad], at.learningRate, at.step);
        grad.dispose();
      }
      const names = state.map((name) => `${config.kind}.${name}.net.w0`);
      expect([...optimizer.state.keys()]).toEqual(names);
      const got = [theta!, ...optimizer.state.values()];
      for (const [i, variable] of got.entries()) {
        expect(
          difference(
            await variable.data(),
            wanted.map((weight) => weight[i]!),
          ),
        ).toBeLessThan(2e-6);
      }
      dispose();
    },
  );

  test.each(rows)(
    "$name: gradients are clipped first, and no tensor is left",
    async ({ config, step, state }) => {
      const { parameters, optimizer, dispose } = start(config, 1.25, [[2]]);
      const [theta] = parameters.variables;
      const before = [...(await theta!.data())];
      const grad = tf.tensor1d([3, -4]);
      await optimizer.apply([grad], 0, 1);
      for (const variable of optimizer.state.values()) tf.tidy(() => variable.assign(tf.zeros([2])));
      const living = tf.memory().numTensors;
      await optimizer.apply([grad], 0.1, 1);
      expect(tf.memory().numTensors).toBe(living);
      const wanted = [0.75, -1].map((g, i) => step([before[i]!, ...state.map(() => 0)], g, 1, 0.1)[0]!);
      expect(difference(await theta!.data(), wanted)).toBeLessThan(1e-6);
      grad.dispose();
      dispose();
    },
  );

  test("AdamW: a weight without gradient shrinks by its decay alone", async () => {
    const { parameters, optimizer, dispose } = start(
      optimizerSchema.parse({ kind: "adamw", weightDecay: 0.25 }),
      0,
      [[5]],
    );
    const [theta] = parameters.variables;
    const before = [...(await theta!.data())];
    const grad = tf.zeros([5]);
    await optimizer.apply([grad], 0.5, 1); // 1 − 0.5 · 0.25 = 0.875 has few bits
    expect([...(await theta!.data())]).toEqual(before.map((weight) => Math.fround(0.875 * weight)));
    grad.dispose();
    dispose();
  });

  test.each(rows)("$name: gone on with from a checkpoint, it gives the same bytes", async ({ config }) => {
    const [whole, first, second] = [start(config, 20), start(config, 20), start(config, 20)];
    await runEagerly(whole, 1, 4);
    await runEagerly(first, 1, 2);
    await hand(first, second);
    await runEagerly(second, 3, 4);
    expect(await second.contents()).toEqual(await whole.contents());
    for (const { dispose } of [whole, first, second]) dispose();
  });
}

/** By way of a file. */
async function hand(from: ReturnType<typeof start>, to: ReturnType<typeof start>) {
  const file = join(folder, "last.safetensors");
  const { parameters, optimizer } = from;
  const origin = { config: tinyConfig(), data: dataIdentityOf(tinyDigits(4, 2)) };
  await saveCheckpoint(file, { parameters, optimizer, state: initialState(plainElbo), origin });
  restore(readCheckpoint(file), to.parameters, to.optimizer);
}

function isRecorded() {
  const both = rows.flatMap((row) => [
    { ...row, clipNorm: 0 },
    { ...row, name: `${row.name}, clipped`, clipNorm: 20 },
  ]);

  test.each(both)("$name: 20 steps as the eager ones", async ({ config, clipNorm }) => {
    const [eager, recorded] = [start(config, clipNorm), start(config, clipNorm)];
    const initial = await eager.contents();
    await runEagerly(eager, 1, 20);
    await runRecorded(recorded, 1, 20);
    const got = await recorded.contents();
    for (const [i, wanted] of (await eager.contents()).entries()) {
      expect(difference(got[i]!, wanted)).toBeLessThan(1e-5);
      expect(difference(got[i]!, initial[i]!)).toBeGreaterThan(1e-3);
    }
    for (const { dispose } of [eager, recorded]) dispose();
  });

  test.each(composed)("$name: recorded, 20 steps as with the kernel", async ({ config, rule }) => {
    const [fused, traced] = [start(config, 20), start(config, 20)];
    await runRecorded(fused, 1, 20);
    await runRecorded({ ...traced, program: { ...traced.program, optimizer: rule } }, 1, 20);
    const got = await traced.contents();
    for (const [i, wanted] of (await fused.contents()).entries()) {
      expect(difference(got[i]!, wanted)).toBeLessThan(1e-5);
    }
    for (const { dispose } of [fused, traced]) dispose();
  });

  test.each(rows)("$name: recorded anew from a checkpoint, it gives the same bytes", async ({ config }) => {
    const [whole, first, second] = [start(config, 20), start(config, 20), start(config, 20)];
    await runRecorded(whole, 1, 4);
    await runRecorded(first, 1, 2);
    await hand(first, second);
    await runRecorded(second, 3, 4);
    expect(await second.contents()).toEqual(await whole.contents());
    for (const { dispose } of [whole, first, second]) dispose();
  });

  test.each(both)("$name: nothing changes after a loss that is not finite", async (row) => {
    const { program, contents, dispose } = start(row.config, row.clipNorm);
    const recorded = await stepRecorder()!(program, inputAt(1));
    const take = (step: number, inputs = inputAt(step)) =>
      recorded.run(inputs, { learningRate: rateAt(step), step });
    recorded.load();
    await take(1);
    await take(2);
    recorded.store();
    const before = await contents();
    await take(3, [{ shape: [], values: Float32Array.of(Number.POSITIVE_INFINITY) }]);
    await take(4);
    const [, , infinite] = await recorded.read();
    expect([...infinite!]).toEqual([Number.POSITIVE_INFINITY]);
    recorded.store();
    expect(await contents()).toEqual(before);
    // Loaded anew, it goes on.
    recorded.load();
    await take(3);
    recorded.store();
    expect(await contents()).not.toEqual(before);
    recorded.dispose();
    dispose();
  });

  test("AdamW: a weight without gradient shrinks by its decay alone", async () => {
    const config = optimizerSchema.parse({ kind: "adamw", weightDecay: 0.25 });
    const { program, contents, dispose } = start(config, 0, [[5]]);
    const [before] = await contents();
    const still: StepProgram = {
      ...program,
      compute: ([x]) => ({ report: tf.reshape(x!, [1]), gradients: [tf.mul(tf.zeros([5]), x!)] }),
    };
    const recorded = await stepRecorder()!(still, inputAt(1));
    recorded.load();
    await recorded.run(inputAt(1), { learningRate: 0.5, step: 1 });
    recorded.store();
    const [after] = await contents();
    expect(after).toEqual(before!.map((weight) => Math.fround(0.875 * weight)));
    recorded.dispose();
    dispose();
  });
}

describe.each(["cpu", "wasm"])("on %s", (name) => {
  beforeAll(() => useBackend(name, { threads: 1 }));
  obeysItsFormula();
});

describeUnless(tensorflowMissing, "on tensorflow", () => {
  beforeAll(() => useBackend("tensorflow", { threads: 1 }));
  obeysItsFormula();
  isRecorded();
});

describe.skipIf(absent)("on webgpu", () => {
  beforeAll(() => tf.setBackend("webgpu"));
  obeysItsFormula();
  isRecorded();
});

describe("what earlier versions wrote", () => {
  beforeAll(() => useBackend("cpu"));

  test("a checkpoint has its tensors where they were", async () => {
    const { parameters, optimizer, contents, dispose } = start(optimizerSchema.parse({ kind: "adam" }), 0, [
      [2],
    ]);
    const tensor = (...values: number[]) => ({ shape: [2], data: Float32Array.of(...values) });
    const file = join(folder, "old.safetensors");
    const tensors = new Map([
      ["net.w0", tensor(1, 2)],
      ["adam.m.net.w0", tensor(3, 4)],
      ["adam.v.net.w0", tensor(5, 6)],
    ]);
    const state = {
      epoch: 1,
      batch: 0,
      step: 7,
      epochTotals: { count: 0 },
      windowTotals: { count: 0 },
      best: null,
    };
    const metadata = { format: "vae-checkpoint-1", state: JSON.stringify(state) };
    writeFileSync(file, encodeSafetensors({ tensors, metadata }));
    const checkpoint = readCheckpoint(file);
    expect(checkpoint.state).toEqual(state);
    restore(checkpoint, parameters, optimizer);
    expect(await contents()).toEqual([
      [1, 2],
      [3, 4],
      [5, 6],
    ]);
    dispose();
  });

  const file = (text: string) => {
    const path = join(folder, "config.yaml");
    writeFileSync(path, text);
    return path;
  };
  const old = "training: { epochs: 3, adam: { beta1: 0.5, beta2: 0.75, epsilon: 0.001 } }\n";

  test("a configuration means the same", () => {
    const { training } = loadConfig(file(old));
    expect(training.optimizer).toEqual({ kind: "adam", beta1: 0.5, beta2: 0.75, epsilon: 0.001 });
    expect(training.epochs).toBe(3);
  });

  test("a flag means the same, and another kind drops what it does not have", () => {
    const flags = new Map([["training.adam.beta1", "0.25"]]);
    expect(loadConfig(undefined, flags).training.optimizer).toEqual({
      kind: "adam",
      beta1: 0.25,
      beta2: 0.999,
      epsilon: 1e-8,
    });
    const { training } = loadConfig(file(old), new Map([["training.optimizer.kind", "sgd"]]));
    expect(training.optimizer).toEqual({ kind: "sgd", momentum: 0.9, nesterov: false });
  });

  test("a name that never was is unknown still", () => {
    expect(() => loadConfig(file("training: { adam: { beta: 0.5 } }\n"))).toThrow(/training.adam/);
    const both = "training: { adam: { beta1: 0.5 }, optimizer: { beta1: 0.6 } }\n";
    expect(() => loadConfig(file(both))).toThrow(/training.adam is not a setting/);
  });
});
