import { cpus } from "node:os";
import * as tf from "../tf.ts";
import type { BackendLoader } from "./backend.ts";

/** TensorFlow.js in plain JavaScript: slow, easy to trust, the reference that the tests compare with. */
export const cpu: BackendLoader = {
  name: "cpu",
  summary: "CPU, in plain JavaScript; a reference for tests, about 50 times slower than wasm",

  async load() {
    // Otherwise the first tensor prints a banner that recommends another package. Nothing but such warnings changes.
    tf.enableProdMode();
    const { version_cpu } = await import("@tensorflow/tfjs-backend-cpu");
    return {
      name: "cpu",
      device: cpus()[0]?.model.trim() || process.arch,
      threads: 1,
      version: version_cpu,
      notes: [],
    };
  },
};
