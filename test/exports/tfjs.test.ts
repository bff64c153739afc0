import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { tfjs } from "../../src/exports/tfjs.ts";
import { expectedOf, exportedModels, someNumbers, subjectFor, worstError } from "../helpers/exported.ts";

const folder = mkdtempSync(join(tmpdir(), "vae-tfjs-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** By model and function. */
const expected = new Map<string, Record<string, number[]>>();
let found: Record<string, number[]>[];

beforeAll(async () => {
  const inputs: object[] = [];
  for (const [model, settings] of Object.entries(exportedModels)) {
    const subject = await subjectFor(settings);
    const { files, notes } = await tfjs.write(subject);
    expect(notes).toEqual([]);
    for (const [name, content] of files) {
      mkdirSync(dirname(join(folder, model, name)), { recursive: true });
      writeFileSync(join(folder, model, name), content);
    }
    const ofModel = expectedOf(subject);
    for (const part of subject.functions) {
      expected.set(`the ${part.name} of ${model}`, ofModel[part.name]!);
      inputs.push({
        path: `${model}/${part.name}/model.json`,
        inputs: part.inputs.map(({ name, shape }) => ({
          values: Array.from(someNumbers(name, shape)),
          shape: [2, ...shape],
        })),
      });
    }
  }
  writeFileSync(join(folder, "inputs.json"), JSON.stringify(inputs));
  const loader = join(import.meta.dirname, "loadLayers.js");
  found = JSON.parse(execFileSync(process.execPath, [loader, folder], { encoding: "utf8", stdio: "pipe" }));
});

test("tf.loadLayersModel reads every model, and gives what the product gives, by name", () => {
  expect(found).toHaveLength(expected.size);
  expect(expected.size).toBeGreaterThan(20);
  for (const [i, [name, outputs]] of [...expected].entries()) {
    expect(Object.keys(found[i]!), name).toEqual(Object.keys(outputs));
    for (const [output, values] of Object.entries(outputs))
      expect(worstError(found[i]![output]!, values), `${output} of ${name}`).toBeLessThan(1e-5);
  }
});

test.each(["continuous-bernoulli", "discretized-logistic"])(
  "of %s, whose mean no standard layers say, the decoder gives params, and a note says why",
  async (kind) => {
    const { files, notes, loading } = await tfjs.write(
      await subjectFor({ ...exportedModels["mlp"], "likelihood.kind": kind }),
    );
    expect(notes).toEqual([
      expect.stringMatching(/^The decoder gives params alone, and not the mean: .* onnx/),
    ]);
    expect(loading).toContain("const [params] = ");
    const { modelTopology } = JSON.parse(String(files.get("decoder/model.json")));
    expect(modelTopology.config.output_layers).toEqual([["params", 0, 0]]);
  },
);

test("a posterior that no standard layers say is refused, with the format that takes it", async () => {
  const subject = await subjectFor({ ...exportedModels["mlp"], "model.posterior.kind": "planarFlow" });
  await expect(tfjs.write(subject)).rejects.toThrow(
    /^As a layers model the encoder cannot be written: .* --to onnx/,
  );
});
