import { inFolder } from "../helpers/vae.ts";
import { convolutional, dense, lifeOfARun } from "./lifeOfARun.ts";

const place = inFolder();

lifeOfARun("webgpu, dense, recorded", place, {
  backend: "webgpu",
  settings: ["--likelihood", "continuous-bernoulli", "--training.step", "recorded", ...dense],
  evaluatedOn: ["wasm", "tensorflow"],
});
lifeOfARun("webgpu, convolutional, eager", place, {
  backend: "webgpu",
  settings: ["--likelihood", "huber", "--training.step", "eager", "--epochs", "1", ...convolutional],
  used: false,
});
