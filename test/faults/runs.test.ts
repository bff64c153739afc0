import { existsSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { inFolder } from "../helpers/vae.ts";

const { folder, start, run, text } = inFolder();

const tiny = [
  ...["--dataset.trainCount", "300", "--dataset.testCount", "40", "--dataset.validation", "60"],
  ...[
    "--hidden",
    "8",
    "--latent-dim",
    "2",
    "--batch-size",
    "50",
    "--backend",
    "wasm",
    "--threads",
    "1",
    "--quiet",
  ],
];

test("an update that spoils the weights while its loss was finite is divergence, and saves nothing", async () => {
  const { code, stderr } = await run(
    ...["train", ...tiny, "--epochs", "1", "--lr", "1e30", "--likelihood", "bernoulli", "--out", "spoilt"],
    ...["--batch-size", "300", "--training.step", "eager"],
  );
  expect(code).toBe(3);
  expect(stderr).toMatch(
    /The validation loss is not finite after epoch 1: the first tensor with a bad value is .*Nothing of this epoch was saved, and there is no checkpoint yet\. Try a lower --lr/,
  );
  expect(existsSync(join(folder, "spoilt/checkpoints"))).toBe(false);
  expect(JSON.parse(text("spoilt/run.json")).status).toBe("diverged");
});

describe("pipes", () => {
  test("a closed stderr does not end training", async () => {
    const child = start([
      "train",
      ...tiny.filter((flag) => flag !== "--quiet"),
      "--epochs",
      "2",
      "--out",
      "unheard",
    ]);
    child.stderr!.destroy();
    const code = await new Promise((resolve) => child.on("close", resolve));
    expect(code).toBe(0);
    expect(JSON.parse(text("unheard/run.json")).status).toBe("finished");
  });

  test("a result that nobody could read is a failure", async () => {
    const child = start(["train", ...tiny, "--epochs", "2", "--out", "unread", "--json"]);
    child.stdout!.destroy();
    const code = await new Promise((resolve) => child.on("close", resolve));
    expect(code).toBe(1);
    expect(JSON.parse(text("unread/run.json")).status).toBe("finished");
  });
});

test.each([
  ["contains itself", "dataset: &x\n  name: digits\n  self: *x\n"],
  ["names nothing", "training:\n  epochs: *a\n"],
])("an alias that %s is wrong usage, in a sentence", async (_, yaml) => {
  writeFileSync(join(folder, "alias.yaml"), yaml);
  const { code, stderr } = await run("train", "alias.yaml");
  expect(code).toBe(2);
  expect(stderr).toMatch(/^Error: alias\.yaml uses YAML aliases in a way that cannot be read: /);
  expect(stderr).not.toMatch(/\n {4}at /);
});
