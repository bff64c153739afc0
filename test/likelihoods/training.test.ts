import { beforeAll, expect, test } from "vitest";
import { useBackend } from "../../src/backends/index.ts";
import { likelihoodSchema } from "../../src/model/likelihoods/index.ts";
import type { TrainEvent } from "../../src/training/events.ts";
import { tinyTraining } from "../helpers/tiny.ts";

beforeAll(async () => {
  await useBackend("wasm", { threads: 1 });
});

const kinds = likelihoodSchema.options
  .map((option) => option.shape.kind.value)
  .filter((kind) => kind !== "poisson"); // of tables
const isEpoch = (event: TrainEvent) => event.type === "epoch";

// The table of densities knows single pixels; here each is a whole model that learns, on the pixels that it asks for.
test.each(kinds)("%s: train and validation loss fall", async (kind) => {
  const settings: Record<string, string> = { "likelihood.kind": kind };
  if (kind === "categorical") settings["likelihood.levels"] = "8"; // at 256 the decoder alone is 6 million weights
  const { run, events } = tinyTraining(settings);
  await run();
  const epochs = events.filter(isEpoch);
  expect(epochs.length).toBe(3);
  for (const split of ["train", "validation"] as const) {
    expect(epochs.at(-1)![split].loss).toBeLessThan(epochs[0]![split].loss);
  }
});
