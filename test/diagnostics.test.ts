import { beforeAll, describe, expect, test } from "vitest";
import { useBackend } from "../src/backends/index.ts";
import { checkOperations } from "../src/diagnostics/checkOperations.ts";
import { operationCases } from "../src/diagnostics/operations.ts";
import * as tf from "../src/tf.ts";

describe.each(["cpu", "wasm"])("operations on %s", (backend) => {
  beforeAll(async () => {
    await useBackend(backend, { threads: 1 });
  });

  test("all agree with float64, and leave nothing behind", async () => {
    const before = tf.memory().numTensors;
    expect(await checkOperations()).toEqual([]);
    expect(tf.memory().numTensors).toBe(before);
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
});
