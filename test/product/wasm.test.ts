import { beforeAll, expect, test } from "vitest";
import { inFolder } from "../helpers/vae.ts";
import { convolutional, dense, lifeOfARun, tiny, writeTinyDigits } from "./lifeOfARun.ts";

const place = inFolder();

lifeOfARun("wasm, dense", place, {
  backend: "wasm",
  settings: ["--likelihood", "bernoulli", ...dense],
  evaluatedOn: ["tensorflow", "webgpu"],
});
lifeOfARun("wasm, convolutional", place, {
  backend: "wasm",
  settings: ["--likelihood", "laplace", ...convolutional],
});

beforeAll(() => writeTinyDigits(place.folder));

/** The likelihoods that no run on another backend has. */
test.each(["student-t", "hybrid", "discretized-logistic"])("wasm trains a %s", async (likelihood) => {
  const settings = ["--likelihood", likelihood, "--backend", "wasm", ...tiny, ...dense];
  const { code, stderr, stdout } = await place.run("train", "--out", likelihood, "--quiet", ...settings);
  expect([code, stderr]).toEqual([0, ""]);
  expect(stdout).toContain(`${likelihood}: 2 epochs`);
});
