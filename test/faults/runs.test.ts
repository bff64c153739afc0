import { readdirSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { inFolder, tinyRun } from "../helpers/vae.ts";

const { folder, run, text } = inFolder();

const tiny = [...tinyRun, "--batch-size", "50"];

test("an update that spoils the weights while its loss was finite is divergence, and saves nothing", async () => {
  const { code, stderr } = await run(
    ...["train", ...tiny, "--epochs", "1", "--lr", "1e30", "--likelihood", "bernoulli", "--out", "spoilt"],
    ...["--batch-size", "300", "--training.step", "eager"],
  );
  expect(code).toBe(3);
  expect(stderr).toMatch(
    /^Error: The validation loss is not finite after step 1, the end of epoch 1: the first tensor with a bad value is .*: likely from .*\. Nothing of this epoch was saved; the last checkpoint is from before the first step\. Try a lower --lr/,
  );
  expect(readdirSync(join(folder, "spoilt/checkpoints"))).toEqual(["last.safetensors"]);
  expect(JSON.parse(text("spoilt/run.json")).status).toBe("diverged");
});
