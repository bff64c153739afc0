import { fileURLToPath } from "node:url";

/**
 * What is compared: an engine with a way to run its step. `tasks` are the rows that it knows, `models` those that it is
 * written for (without it: all); `quick` and `whole` mark those of `--quick` and `--whole`. PyTorch eager, by
 * which the others are divided, comes first.
 */
export const variants = [
  { engine: "torch", step: "eager", tasks: ["step", "elbo", "start-up", "whole"], quick: true, whole: true },
  { engine: "torch", step: "fused", tasks: ["step", "whole"] },
  { engine: "torch", step: "compiled", tasks: ["step", "elbo", "whole"] },
  {
    engine: "tensorflow",
    step: "recorded",
    tasks: ["step", "elbo", "start-up", "whole"],
    quick: true,
    whole: true,
  },
  { engine: "tensorflow", step: "eager", tasks: ["step", "elbo"], quick: true },
  { engine: "webgpu", step: "recorded", tasks: ["step"] },
  { engine: "webgpu", step: "eager", tasks: ["step", "elbo", "start-up", "whole"] },
  { engine: "wasm", step: "recorded", tasks: ["step"] },
  { engine: "wasm", step: "eager", tasks: ["step", "elbo", "start-up", "whole"], quick: true },
  { engine: "wasm-stock", step: "eager", tasks: ["step", "elbo"] },
  { engine: "tfjs-example", backend: "tensorflow", step: "eager", tasks: ["step"], models: ["784-400-20"] },
  { engine: "tfjs-example-wasm", backend: "wasm", step: "eager", tasks: ["step"], models: ["784-400-20"] },
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
