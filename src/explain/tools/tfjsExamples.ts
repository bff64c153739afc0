import type { Tool } from "./tool.ts";

export const tfjsExamples: Tool = {
  title: "tfjs-examples (fashion-mnist-vae)",
  source: "tensorflow/tfjs-examples, fashion-mnist-vae/model.js",
  written: "mean-MSE · 784 + KL, which is SSE + KL",
  implies: "σ = √½ = 0.707",
  defaults: {},
  loss: () => ({ error: "SSE", a: 1, b: 1 }),
  express: ({ error, weight }) =>
    error === "SSE" && Math.abs(weight - 1) < 1e-9
      ? { settings: "as it is", loss: { error, a: 1, b: 1 } }
      : undefined,
};
