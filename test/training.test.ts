import { beforeAll, describe, expect, test } from "vitest";
import { useBackend } from "../src/backends/index.ts";
import { moduleOf } from "../src/backends/wasm/heap.ts";
import type { BackendWasm } from "../src/backends/wasm/kernel.ts";
import { trainingBatches } from "../src/data/batches.ts";
import { estimateElbo } from "../src/evaluation/bounds.ts";
import { createObjective, objectiveSchema } from "../src/objectives/index.ts";
import { controlsAt, settlesAfter } from "../src/objectives/objective.ts";
import { RandomStream } from "../src/tensors/random.ts";
import * as tf from "../src/tensors/tf.ts";
import type { TrainEvent } from "../src/training/events.ts";
import { metricsOf } from "../src/training/metrics.ts";
import { learningRateSchedule } from "../src/training/schedules.ts";
import type { TrainStep } from "../src/training/step.ts";
import { train } from "../src/training/trainer.ts";
import { stepInputs, tinyConfig, tinyDigits, tinyTraining } from "./helpers/tiny.ts";

beforeAll(async () => {
  await useBackend("wasm", { threads: 1 });
});

const epochs = (events: readonly TrainEvent[]) => events.filter((event) => event.type === "epoch");

describe("training", () => {
  test.each(["gaussian", "bernoulli"])("%s: train and validation loss fall", async (kind) => {
    const { run, events } = tinyTraining({
      "likelihood.kind": kind,
      "training.epochs": "20",
      "training.batchSize": "32",
    });
    expect(await run()).toBe("completed");
    const [first] = epochs(events);
    const last = epochs(events).at(-1);
    expect(last!.train.loss).toBeLessThan(first!.train.loss - 5);
    expect(last!.validation.loss).toBeLessThan(first!.validation.loss - 5);
  });

  test("metrics re-add, and an epoch is the mean over its images, short batch included", async () => {
    const { run, events } = tinyTraining({
      "objective.beta": "4",
      "training.logEvery": "1",
      "training.epochs": "1",
    });
    await run();
    const [epoch] = epochs(events);
    const { loss, quantities, elbo, bitsPerDim } = epoch!.train;
    const { distortion, rate } = quantities as { distortion: number; rate: number };
    expect(loss).toBe(distortion + 4 * rate);
    expect(elbo).toBe(-(distortion + rate));
    expect(bitsPerDim).toBeCloseTo((distortion + rate) / (784 * Math.LN2), 12);
    const steps = events.filter((event) => event.type === "step");
    const counts = [64, 64, 64, 64, 44]; // 300 images
    const mean = steps.reduce((sum, step, i) => sum + step.metrics.quantities["rate"]! * counts[i]!, 0) / 300;
    expect(mean).toBeCloseTo(rate, 9);
  });

  test("memory stays as it is over hundreds of steps with batches of two sizes", async () => {
    const { options } = tinyTraining({ "likelihood.kind": "bernoulli" });
    const heap = () => moduleOf(tf.backend() as unknown as BackendWasm).wasmMemory.buffer.byteLength;
    const memory = () => ({ ...tf.memory(), heap: heap(), dataIds: tf.backend().numDataIds() });
    const random = new RandomStream("test/memory");
    const steps = async (count: number) => {
      for (let step = 1; step <= count; step++) {
        const B = step % 5 === 0 ? 12 : 20;
        const batch = { count: B, x: random.uniforms(784 * B), noise: random.normals(4 * B) };
        await options.step.run(stepInputs({ ...batch, step }));
        await options.step.read();
      }
    };
    await steps(20);
    const before = memory();
    await steps(300);
    expect(memory()).toEqual(before);
    // and 64 KiB left behind at each step would have shown
    tf.dispose(Array.from({ length: 300 }, () => tf.zeros([16_384])));
    expect(heap()).toBeGreaterThan(before.heap);
  });

  test("a step leaves no tensor behind, and neither does an evaluation", async () => {
    const { run, options, runner, dataset, coding } = tinyTraining({ "likelihood.sigma": "shared" });
    await run();
    const before = { ...tf.memory() };
    Object.assign(options.state, { epoch: 0, step: 0 });
    await run();
    await estimateElbo(runner, dataset.test, coding);
    expect(tf.memory().numTensors).toBe(before.numTensors);
    expect(tf.memory().numDataBuffers).toBe(before.numDataBuffers);
    expect(tf.memory().numBytes).toBe(before.numBytes);
  });

  test("the same seed gives the same numbers, another seed does not", async () => {
    const numbers = async (seed: string) => {
      const { run, events } = tinyTraining({ "training.seed": seed, "training.epochs": "1" });
      await run();
      return JSON.stringify(epochs(events).map(({ train, validation }) => [train, validation]));
    };
    expect(await numbers("1")).toBe(await numbers("1"));
    expect(await numbers("1")).not.toBe(await numbers("2"));
  });

  test("aborting stops after the step under way, with a checkpoint", async () => {
    const controller = new AbortController();
    const { run, saved, events, options } = tinyTraining(
      {},
      {
        signal: controller.signal,
        emit: (event) => {
          events.push(event);
          if (event.type === "progress" && event.step === 7) controller.abort();
        },
      },
    );
    expect(await run()).toBe("interrupted");
    expect(options.state).toMatchObject({ epoch: 1, batch: 2, step: 7 });
    expect(saved.at(-1)).toMatchObject({ name: "last", state: { step: 7 } });
  });

  test("early stopping ends a run whose validation loss no longer falls", async () => {
    // Steps too long to settle: validation soon stops improving.
    const { run, events } = tinyTraining({
      "training.epochs": "50",
      "training.earlyStopping": "2",
      "training.learningRate": "0.05",
    });
    expect(await run()).toBe("early-stopping");
    const done = epochs(events);
    expect(done.length).toBeLessThan(50);
    expect(done.slice(-2).every((event) => !event.improved)).toBe(true);
    expect(done.at(-3)!.improved).toBe(true);
  });

  test("early stopping has patience with a warm-up", async () => {
    const [warmup, patience] = [14, 2];
    const { run, events } = tinyTraining({
      "training.epochs": "50",
      "training.earlyStopping": `${patience}`,
      "training.learningRate": "0.05",
      "objective.warmup": `${warmup}`,
    });
    expect(await run()).toBe("early-stopping");
    const done = epochs(events);
    const best = done.findLast(({ improved }) => improved)!.epoch;
    expect(done).toHaveLength(Math.max(best, warmup) + patience);
    // Were the warm-up counted, it would have stopped before.
    const flags = done.map(({ improved }) => (improved ? "+" : "-")).join("");
    expect(flags.slice(0, -patience)).toContain("-".repeat(patience));
    // What is compared is the loss as it counts: with β = 1, -ELBO.
    const elbos = done.map(({ validation }) => validation.elbo!);
    expect(elbos.indexOf(Math.max(...elbos))).toBe(best - 1);
  });

  test("a loss that is not finite names the first bad tensor and leaves the weights alone", async () => {
    const { run, vae } = tinyTraining();
    const weight = new Map(vae.parameters).get("decoder.hidden0.bias")!;
    const poisoned = await weight.data();
    poisoned[3] = Number.NaN;
    weight.assign(tf.tensor1d(poisoned));
    const before = [...(await new Map(vae.parameters).get("encoder.output.kernel")!.data())];
    await expect(run()).rejects.toThrowErrorMatchingInlineSnapshot(
      `[VaeError: The loss is not finite at step 1 (batch 1 of epoch 1): the first tensor with a bad value is the weight decoder.hidden0.bias [32], NaN at index 3: likely from an update before it that was too large. The update was not made; the last checkpoint is from before the first step. Try a lower --lr (now 0.001), --training.clipNorm 100, --training.warmupSteps 500, or --on-divergence rollback.]`,
    );
    expect([...(await new Map(vae.parameters).get("encoder.output.kernel")!.data())]).toEqual(before);
  });

  test("such a loss between two reads names its step, and nothing after it counts", async () => {
    const poisoned = (step: TrainStep): TrainStep => ({
      ...step,
      run(inputs) {
        const x = (inputs.batch["x"] as Float32Array).map((pixel) => 1e30 * pixel);
        return step.run(inputs.step === 3 ? { ...inputs, batch: { ...inputs.batch, x } } : inputs);
      },
    });
    const whole = tinyTraining();
    await expect(train({ ...whole.options, step: poisoned(whole.options.step) })).rejects.toThrow(
      /not finite at step 3 \(batch 3 of epoch 1\)/,
    );
    expect(whole.options.state).toMatchObject({ step: 2, batch: 2, epochTotals: { count: 128 } });
    // The weights are those after two steps.
    const controller = new AbortController();
    const two = tinyTraining(
      {},
      {
        signal: controller.signal,
        emit: (event) => {
          if (event.type === "progress" && event.step === 2) controller.abort();
        },
      },
    );
    await two.run();
    expect(whole.vae.parameters.names.length).toBe(8);
    for (const [i, variable] of whole.vae.parameters.variables.entries()) {
      expect(await variable.data()).toEqual(await two.vae.parameters.variables[i]!.data());
    }
  });

  test("the shared sigma converges to the root mean squared residual", async () => {
    const { run, vae, dataset, events } = tinyTraining(
      {
        "likelihood.sigma": "shared",
        "training.epochs": "60",
        "training.learningRate": "0.003",
        "training.schedule": "linear",
      },
      { dataset: tinyDigits(500, 50) },
    );
    await run();
    // E_q over the training set, with fresh noise: the residual that the maximum of the objective knows about.
    const random = new RandomStream("residual");
    let squares = 0;
    let count = 0;
    for (const batch of trainingBatches(dataset.train, {
      fields: vae.fields,
      coding: "gray",
      batchSize: 100,
      epoch: 1,
      random,
    })) {
      squares += tf.tidy(() => {
        const x = tf.tensor2d(batch.columns["x"]!, [batch.count, 784]);
        const noise = tf.tensor2d(random.normals(batch.count * 4), [batch.count, 4]);
        const mean = vae.likelihood.mean(vae.forward({ x, posterior: noise }).decoded);
        return tf.sum(tf.square(tf.sub(x, mean))).dataSync()[0]!;
      });
      count += batch.columns["x"]!.length;
    }
    const residual = Math.sqrt(squares / count);
    const sigma = epochs(events).at(-1)!.sigma!;
    expect(Math.abs(sigma / residual - 1)).toBeLessThan(0.02);
    expect(Math.abs(sigma - 0.25)).toBeGreaterThan(0.02); // it moved from where it started
  });
});

describe("evaluation", () => {
  test("does not depend on the batch size", async () => {
    const { runner, dataset, coding } = tinyTraining({ "likelihood.kind": "bernoulli" });
    const small = await estimateElbo(runner, dataset.test, coding, { batchSize: 7 });
    const large = await estimateElbo(runner, dataset.test, coding, { batchSize: 50 });
    expect(small.distortion).toBeCloseTo(large.distortion, 3);
    expect(small.rate).toBeCloseTo(large.rate, 4);
  });
});

describe("schedules", () => {
  test("beta rises over its warm-up and stays", () => {
    const beta = (warmup: number) => (step: number) =>
      controlsAt(createObjective(objectiveSchema.parse({ kind: "elbo", beta: 4, warmup })), step, 10)["beta"];
    expect([0, 5, 10, 20, 100].map(beta(2))).toEqual([0, 1, 2, 4, 4]);
    expect(beta(0)(0)).toBe(4);
  });

  test("with cycles beta rises as often as that, then stays", () => {
    const objective = createObjective(
      objectiveSchema.parse({ kind: "elbo", beta: 4, warmup: 2, cycles: 3, rampShare: 0.5 }),
    );
    const beta = (epoch: number) => controlsAt(objective, 10 * epoch, 10)["beta"];
    expect([0, 1, 2, 3, 3.9].map(beta)).toEqual([0, 2, 4, 4, 4]);
    expect([4, 5, 6, 7.9].map(beta)).toEqual([0, 2, 4, 4]);
    expect([8, 9, 10, 12, 13, 100].map(beta)).toEqual([0, 2, 4, 4, 4, 4]);
    expect(settlesAfter(objective)).toBe(10);
    expect(objective.controls["beta"]!.words).toBe("0 → 4 over 2 epochs, 3 times, every 4 epochs");
  });

  test.each(["constant", "linear", "cosine", "exponential"] as const)("%s learning rate", (schedule) => {
    const { training } = tinyConfig({
      "training.schedule": schedule,
      "training.warmupSteps": "4",
      "training.learningRate": "0.1",
      "training.finalLearningRate": "0.001",
    });
    const rate = learningRateSchedule(training, 105);
    expect([0, 1, 2, 3].map(rate)).toEqual([0.025, 0.05, 0.075, 0.1].map((v) => expect.closeTo(v, 12)));
    expect(rate(4)).toBeCloseTo(0.1, 12);
    expect(rate(104)).toBeCloseTo(schedule === "constant" ? 0.1 : 0.001, 12);
    const middle = { constant: 0.1, linear: 0.0505, cosine: 0.0505, exponential: 0.01 }[schedule];
    expect(rate(54)).toBeCloseTo(middle, 10);
  });
});

test("loss, elbo and bits/dim come from the terms alone", () => {
  const objective = createObjective(objectiveSchema.parse({ kind: "elbo", beta: 0.5 }));
  const context = { objective, kindOf: "density", D: 784 } as const;
  expect(metricsOf({ distortion: 80, rate: 25 }, { beta: 0.5 }, context)).toEqual({
    loss: 92.5,
    quantities: { distortion: 80, rate: 25 },
    elbo: -105,
    bitsPerDim: 105 / (784 * Math.LN2),
  });
});
