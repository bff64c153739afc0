import { afterAll, expect, test } from "vitest";
import { type BackendName, backendNames, useBackend } from "../../src/backends/index.ts";
import { VaeError } from "../../src/base/errors.ts";
import { decodedPass } from "../../src/evaluation/passes.ts";
import { createRunner } from "../../src/evaluation/runner.ts";
import { hostRows } from "../../src/tensors/hostArray.ts";
import { RandomStream } from "../../src/tensors/random.ts";
import { createStep } from "../../src/training/createStep.ts";
import { stepInputs, tinyTraining } from "../helpers/tiny.ts";

// Any adapter will do for webgpu here.
process.env["VAE_WEBGPU_SOFTWARE"] = "1";

/** What happens to the memory of a batch once it is handed back: another thread writes there. */
function handBack(array: Float32Array<ArrayBuffer>): void {
  new Float32Array(structuredClone(array.buffer, { transfer: [array.buffer] })).fill(Number.NaN);
}

const batch = (i: number, count = 16) => ({
  count,
  x: new RandomStream("x").fork(i).uniforms(count * 784),
  noise: new RandomStream("noise").fork(i).normals(count * 4),
});

/** Losses and weights after some steps of two sizes of batch; `after` gets each array when its step was left to the device. */
async function train(kind: "eager" | "recorded", after: (array: Float32Array<ArrayBuffer>) => void) {
  const { vae, objective, optimizer } = tinyTraining();
  const step = createStep(kind, { model: vae, objective, optimizer }, () => {});
  for (let i = 0; i < 5; i++) {
    const inputs = batch(i, i % 3 === 2 ? 5 : 16);
    await step.run(stepInputs({ ...inputs, step: i + 1 }));
    after(inputs.x);
    after(inputs.noise);
  }
  const losses = await step.read();
  await step.sync();
  const weights = await Promise.all(vae.parameters.variables.map(async (w) => [...(await w.data())]));
  step.dispose();
  return { losses, weights };
}

async function evaluate(record: boolean, after: (array: Float32Array<ArrayBuffer>) => void) {
  const runner = createRunner(tinyTraining().vae, { record, note: () => {} });
  const results: Float32Array[] = [];
  for (let i = 0; i < 3; i++) {
    const { x, noise, count } = batch(i);
    results.push(...(await runner.run(decodedPass, [hostRows(x, count), hostRows(noise, count)], true)));
    after(x);
    after(noise);
  }
  runner.dispose();
  return results;
}

const kinds = {
  wasm: ["eager"],
  cpu: ["eager"],
  tensorflow: ["eager", "recorded"],
  webgpu: ["eager", "recorded"],
} as const satisfies Record<BackendName, readonly string[]>;

/** Each backend is done with the memory of a batch when it says so, though some compute in it, or later. */
test.for(backendNames)("%s needs no memory of a batch that it was given", async (backend, context) => {
  await useBackend(backend, { threads: 2 }).catch((error) => {
    if (error instanceof VaeError) context.skip(error.message);
    throw error;
  });
  for (const kind of kinds[backend]) {
    expect(await train(kind, handBack), kind).toEqual(await train(kind, () => {}));
    const record = kind === "recorded";
    expect(await evaluate(record, handBack), kind).toEqual(await evaluate(record, () => {}));
  }
});

afterAll(() => useBackend("cpu"));
