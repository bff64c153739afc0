import { availableParallelism, cpus } from "node:os";
import { afterEach, describe, expect, test, vi } from "vitest";
import { backendNames, useBackend } from "../../src/backends/index.ts";
import { VaeError } from "../../src/base/errors.ts";
import * as tf from "../../src/tensors/tf.ts";
import { normal } from "./helpers.ts";

// As on a machine where no TensorFlow is set up and that has no graphics card, whatever this one has.
process.env["VAE_TENSORFLOW"] = "/nowhere";
for (const name of ["VK_ICD_FILENAMES", "VK_DRIVER_FILES"]) process.env[name] = "/nowhere";

afterEach(() => vi.restoreAllMocks());

test("auto takes wasm, with every core up to eight", async () => {
  expect(backendNames).toEqual(expect.arrayContaining(["wasm", "cpu"]));
  const info = await useBackend();
  expect(tf.getBackend()).toBe("wasm");
  expect(info).toMatchObject({
    name: "wasm",
    threads: Math.min(8, availableParallelism()),
    version: "4.22.0",
  });
  expect(info.device).not.toBe("");
  // Each faster one is named with the reason and the remedy.
  expect(info.notes[0]).toMatch(/^not tensorflow: .*vae setup tensorflow/);
  expect(info.notes[1]).toMatch(/^not webgpu: /);
});

test("an unknown name is refused with the accepted ones", async () => {
  await expect(useBackend("wsam")).rejects.toThrow(
    /There is no backend "wsam"\. Accepted: auto, .*Did you mean wasm\?/,
  );
});

test("cpu starts without its banner", async () => {
  const said = [vi.spyOn(console, "warn"), vi.spyOn(console, "log")];
  expect(await useBackend("cpu")).toMatchObject({ name: "cpu", threads: 1, notes: [] });
  expect([...tf.square(tf.tensor1d([3])).dataSync()]).toEqual([9]);
  for (const spy of said) expect(spy).not.toHaveBeenCalled();
});

test("eight threads are the most", async () => {
  const info = await useBackend("wasm", { threads: 100 });
  expect(info).toMatchObject({ threads: 8, notes: ["8 threads are the most, not 100"] });
});

test("starting leaves the process as it was", async () => {
  const listeners = () =>
    (["uncaughtException", "unhandledRejection"] as const).map((event) => process.listenerCount(event));
  const before = [listeners(), cpus().length, "Worker" in globalThis];
  await useBackend("wasm", { threads: 2 });
  expect([listeners(), cpus().length, "Worker" in globalThis]).toEqual(before);
});

test("one and two threads give the same bits", async () => {
  const results: number[][] = [];
  for (const threads of [1, 2]) {
    expect((await useBackend("wasm", { threads })).threads).toBe(threads);
    const [x, w] = [normal("x", [128, 300]) as tf.Tensor2D, normal("w", [300, 200]) as tf.Tensor2D];
    const loss = (weights: tf.Tensor) => tf.sum(tf.softplus(tf.relu(tf.matMul(x, weights as tf.Tensor2D))));
    const { value, grad } = tf.valueAndGrad(loss)(w);
    results.push([...value.dataSync(), ...grad.dataSync()]);
  }
  expect(results[1]).toEqual(results[0]);
});

describe("the self-test", () => {
  test("refuses a backend that answers with zeros", async () => {
    await useBackend("cpu");
    const kernel = tf.getKernel("BatchMatMul", "cpu");
    tf.unregisterKernel("BatchMatMul", "cpu");
    tf.registerKernel({
      ...kernel,
      kernelFunc(call) {
        const info = kernel.kernelFunc(call) as tf.TensorInfo;
        (call.backend as { data: Map<object, { values: Float32Array }> }).data
          .get(info.dataId)!
          .values.fill(0);
        return info;
      },
    });
    try {
      const refusal = await useBackend("cpu").catch((error) => error);
      expect(refusal).toBeInstanceOf(VaeError);
      expect(refusal.message).toMatch(/The cpu backend computes wrong numbers on this machine/);
    } finally {
      tf.unregisterKernel("BatchMatMul", "cpu");
      tf.registerKernel(kernel);
    }
  });

  test("leaves nothing behind", async () => {
    await useBackend("cpu");
    const before = tf.memory().numTensors;
    await useBackend("cpu");
    expect(tf.memory().numTensors).toBe(before);
  });
});
