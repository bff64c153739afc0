import { beforeAll, describe, expect, test } from "vitest";
import { useBackend } from "../src/backends/index.ts";
import { checkOperations } from "../src/diagnostics/checkOperations.ts";
import { checkRecording } from "../src/diagnostics/checkRecording.ts";
import type { Diagnosis } from "../src/diagnostics/examine.ts";
import { operationCases } from "../src/diagnostics/operations.ts";
import { doctorTable } from "../src/reporting/doctorTable.ts";
import * as tf from "../src/tensors/tf.ts";
import { started } from "./backends/softwareWebgpu.ts";
import { runEveryModel } from "./helpers/everyModel.ts";
import { kernelsRun } from "./helpers/kernelsRun.ts";

/** Backends, and why one is not here. */
const backends: [name: string, absent?: string][] = [
  ["cpu"],
  ["wasm"],
  ["tensorflow", process.env["VAE_TENSORFLOW"] ? undefined : "VAE_TENSORFLOW names no folder"],
  ["webgpu", started instanceof Error ? started.message : undefined],
];

describe.each(backends)("operations on %s", (backend, absent) => {
  let covered: string[];

  beforeAll(async () => {
    if (absent === undefined) await useBackend(backend, { threads: 1 });
  });

  test("all agree with float64, and leave nothing behind", async (context) => {
    if (absent !== undefined) return context.skip(absent);
    const before = tf.memory().numTensors;
    covered = await kernelsRun(async () => expect(await checkOperations()).toEqual([]));
    expect(tf.memory().numTensors).toBe(before);
  }, 300_000);

  test("are all that models run", async (context) => {
    if (absent !== undefined) return context.skip(absent);
    const run = await kernelsRun(runEveryModel);
    expect(run.length).toBeGreaterThan(40);
    expect(run.filter((kernel) => !covered.includes(kernel))).toEqual([]);
  }, 300_000);

  test("recorded steps agree with eager ones", async (context) => {
    if (absent !== undefined) return context.skip(absent);
    expect(await checkRecording()).toEqual([]);
  });
});

describe("what is wrong", () => {
  beforeAll(async () => {
    await useBackend("wasm", { threads: 1 });
  });

  test.each(["value", "gradient"])("a wrong %s is found and named", async (part) => {
    const softplus = operationCases.find((operation) => operation.name === "softplus")!;
    const broken = tf.customGrad((x, save) => {
      (save as (tensors: tf.Tensor[]) => void)([x as tf.Tensor]);
      const y = tf.softplus(x as tf.Tensor);
      return {
        value: part === "value" ? tf.mul(y, 1.0001) : y,
        gradFunc: (dy: tf.Tensor, [x]: tf.Tensor[]) =>
          tf.mul(dy, tf.mul(tf.sigmoid(x!), part === "gradient" ? 1.0001 : 1)),
      };
    });
    const [wrong] = await checkOperations([{ ...softplus, run: (x) => broken(x!) }]);
    expect(wrong).toEqual({
      operation: "softplus",
      what: part === "value" ? "value" : "gradient of input 1",
    });
  });

  test("an operation that throws is a wrong operation", async () => {
    const run = () => {
      throw new Error("Kernel 'Softplus' not registered");
    };
    const [wrong] = await checkOperations([{ ...operationCases[0]!, run }]);
    expect(wrong!.what).toBe("fails: Kernel 'Softplus' not registered");
  });

  test("a kernel that the table lacks is found, one of our own too", async () => {
    const x = tf.tensor2d([[1, -1, 0.5, 2]]);
    const own = await kernelsRun(async () => tf.dispose(tf.grad((x) => tf.relu(x))(x)));
    expect(own).toContain("ReluGrad");
    x.dispose();
    const without = operationCases.filter(({ name }) => !/softmax|log p|E\[x/i.test(name));
    expect(await kernelsRun(() => checkOperations(without))).not.toContain("Softmax");
  });

  test("the report counts the operations and names those that are wrong", () => {
    const found: Diagnosis = {
      backend: "webgpu",
      available: true,
      device: "a card",
      threads: 1,
      version: "1.0",
      notes: [],
      operations: 151,
      wrong: [
        { operation: "softplus", what: "value" },
        { operation: "recorded step, conv", what: "rate of step 2" },
        { operation: "tanh", what: "value" },
      ],
      msPerStep: 1,
      imagesPerSecond: 128_000,
      batchSize: 128,
    };
    expect(doctorTable([found])).toContain("3 of 151 wrong");
    expect(doctorTable([found])).toContain(
      "webgpu is wrong: softplus; tanh (value); recorded step, conv (rate of step 2)",
    );
    expect(doctorTable([{ ...found, wrong: [] }])).toContain("151 right");
  });
});
