import * as ort from "onnxruntime-web";
import { beforeAll, expect, test } from "vitest";
import { onnx } from "../../src/exports/onnx.ts";
import { expectedOf, exportedModels, someNumbers, subjectFor, worstError } from "../helpers/exported.ts";

beforeAll(() => {
  ort.env.wasm.numThreads = 1;
});

/** What only ONNX has: densities whose mean is no layer, and a flow. */
const others = {
  "continuous Bernoulli": { "likelihood.kind": "continuous-bernoulli" },
  "discretized logistic": { "likelihood.kind": "discretized-logistic" },
  "planar flow": { "model.posterior.kind": "planarFlow", "model.posterior.layers": "2" },
};

const models = {
  ...exportedModels,
  ...Object.fromEntries(
    Object.entries(others).map(([name, settings]) => [name, { ...exportedModels["mlp"], ...settings }]),
  ),
};

test.each(Object.entries(models))(
  "onnxruntime gives what the product gives, by name: %s",
  async (_, settings) => {
    const subject = await subjectFor(settings);
    const expected = expectedOf(subject);
    const { files } = await onnx.write(subject);
    for (const { name, inputs } of subject.functions) {
      const session = await ort.InferenceSession.create(files.get(`${name}.onnx`) as Uint8Array);
      const feeds = inputs.map(({ name, shape }) => [
        name,
        new ort.Tensor("float32", someNumbers(name, shape), [2, ...shape]),
      ]);
      const found = await session.run(Object.fromEntries(feeds));
      expect(Object.keys(found)).toEqual(Object.keys(expected[name]!));
      for (const [output, values] of Object.entries(expected[name]!)) {
        const error = worstError((await found[output]!.getData()) as Float32Array, values);
        expect(error, `${output} of the ${name}`).toBeLessThan(1e-5);
      }
      await session.release();
    }
  },
);
