import { fileURLToPath } from "node:url";

/**
 * What is compared: an engine with a way to run its step. `tasks` are the rows that it knows, `models` those that it is
 * written for (without it: all), `devices` where it takes part; `quick` and `whole` are the devices on which it does in
 * `--quick` and in whole runs. One that `readsEachStep` cannot wait with it. PyTorch eager, by which the others are divided, comes first.
 */
export const variants = [
  {
    engine: "torch",
    step: "eager",
    devices: ["cpu", "gpu"],
    tasks: ["step", "elbo", "start-up", "whole"],
    quick: ["cpu", "gpu"],
    whole: ["cpu", "gpu"],
  },
  { engine: "torch", step: "fused", devices: ["cpu", "gpu"], tasks: ["step", "whole"] },
  { engine: "torch", step: "compiled", devices: ["cpu", "gpu"], tasks: ["step", "elbo", "whole"] },
  { engine: "torch", step: "graph", devices: ["gpu"], tasks: ["step"], quick: ["gpu"] },
  {
    engine: "tensorflow",
    step: "recorded",
    devices: ["cpu", "gpu"],
    tasks: ["step", "elbo", "start-up", "whole"],
    quick: ["cpu"],
    whole: ["cpu"],
  },
  {
    engine: "tensorflow",
    step: "eager",
    devices: ["cpu", "gpu"],
    tasks: ["step", "elbo"],
    quick: ["cpu"],
    readsEachStep: true,
  },
  {
    engine: "webgpu",
    step: "recorded",
    devices: ["cpu", "gpu"],
    tasks: ["step", "whole"],
    quick: ["gpu"],
    whole: ["gpu"],
  },
  {
    engine: "webgpu",
    step: "eager",
    devices: ["cpu", "gpu"],
    tasks: ["step", "elbo", "start-up", "whole"],
    readsEachStep: true,
  },
  { engine: "wasm", step: "recorded", devices: ["cpu"], tasks: ["step"] },
  {
    engine: "wasm",
    step: "eager",
    devices: ["cpu"],
    tasks: ["step", "elbo", "start-up", "whole"],
    quick: ["cpu"],
  },
  { engine: "wasm-stock", step: "eager", devices: ["cpu"], tasks: ["step", "elbo"] },
  {
    engine: "tfjs-example",
    backend: "tensorflow",
    step: "eager",
    devices: ["cpu"],
    tasks: ["step"],
    models: ["784-400-20"],
  },
  {
    engine: "tfjs-example-wasm",
    backend: "wasm",
    step: "eager",
    devices: ["cpu"],
    tasks: ["step"],
    models: ["784-400-20"],
  },
];

export const engineNames = [...new Set(variants.map(({ engine }) => engine))];
export const stepKinds = [...new Set(variants.map(({ step }) => step))];

export const nameOf = ({ engine, step }) => `${engine} ${step}`;

const file = (name) => fileURLToPath(new URL(name, import.meta.url));

export const python = () => process.env.VAE_BENCH_PYTHON || "python3";

/** The command of a variant's worker, see `worker.js` for what it reads and writes. */
export function workerCommand({ engine, step, backend = engine }, job) {
  const text = JSON.stringify({ ...job, engine, backend, step });
  return engine === "torch"
    ? [python(), file("torch_peer.py"), text]
    : [process.execPath, file("worker.js"), text];
}
