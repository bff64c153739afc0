import { readFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, test } from "vitest";
import { readCheckpoint } from "../../src/runs/checkpoint.ts";
import { decodeSafetensors } from "../../src/runs/safetensors.ts";
import { inFolder, tinyRun } from "../helpers/vae.ts";

describe("vae export", () => {
  const { folder, run, text } = inFolder();

  beforeAll(async () => {
    const trained = await run("train", "--epochs", "1", "--out", "digits", ...tinyRun);
    expect(trained.code, trained.stderr).toBe(0);
  });

  test("writes the weights of the checkpoint by name, and a header that says what they are of", async () => {
    const { code, stdout, stderr } = await run("export", "digits", "--to", "safetensors", "--json");
    expect(code, stderr).toBe(0);
    const { files } = JSON.parse(stdout);
    expect(files).toEqual([
      "exports/digits-safetensors/weights.safetensors",
      "exports/digits-safetensors/README.md",
    ]);
    const { tensors, metadata } = decodeSafetensors(readFileSync(join(folder, files[0])), files[0]);
    expect(metadata).toMatchObject({ likelihood: "gaussian", latentDim: "2", xShape: "[28,28,1]" });
    const { contents } = readCheckpoint(join(folder, "digits/checkpoints/best.safetensors"));
    expect([...tensors.keys()]).toContain("decoder.output.kernel");
    for (const [name, { shape, data }] of tensors) {
      const kept = contents.tensors.get(name)!;
      expect(shape).toEqual(kept.shape);
      expect(Buffer.compare(Buffer.from(data.buffer), Buffer.from(kept.data.buffer)), name).toBe(0);
    }
  });

  test("lays a card beside it: density, base measure, the summary's numbers with their protocol", () => {
    const card = text("exports/digits-safetensors/README.md");
    const { splits, protocol, baseMeasure } = JSON.parse(text("digits/summary.json"));
    expect(card).toContain("log p(x|z) = −(x − μ)² / 2σ² − log σ − ½ log 2π; σ = 0.35");
    for (const part of [baseMeasure, protocol, splits.test.elbo.toFixed(4), "z ~ N(0, I)"])
      expect(card).toContain(part);
    expect(card).not.toContain(folder); // nothing of this machine
  });

  test("asks for a format that there is", async () => {
    const { code, stderr } = await run("export", "digits", "--to", "keras");
    expect([code, stderr]).toEqual([2, expect.stringContaining("safetensors")]);
  });
});
