import { inFolder } from "../helpers/vae.ts";
import { convolutional, dense, lifeOfARun } from "./lifeOfARun.ts";

const place = inFolder();

lifeOfARun("tensorflow, dense, recorded", place, {
  backend: "tensorflow",
  settings: ["--likelihood", "categorical", "--training.step", "recorded", ...dense],
});
lifeOfARun("tensorflow, convolutional, recorded", place, {
  backend: "tensorflow",
  settings: ["--likelihood", "gaussian-mixture", "--training.step", "recorded", ...convolutional],
  evaluatedOn: ["wasm", "webgpu"],
});
lifeOfARun("tensorflow, dense, eager", place, {
  backend: "tensorflow",
  settings: ["--likelihood", "gaussian", "--sigma", "perPixel", "--training.step", "eager", ...dense],
  used: false,
});
