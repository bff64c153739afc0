/** Losses by the way they are written, for all the tools that have no file here. */

import { setting } from "../numbers.ts";
import type { ErrorName } from "../reductions/reduction.ts";
import type { Tool } from "./tool.ts";

const summed = (error: ErrorName, words: { title: string; implies: string }): Tool => ({
  ...words,
  written: `${error} + w · KL`,
  defaults: { klWeight: 1 },
  loss: ({ klWeight }) => ({ error, a: 1, b: klWeight }),
  express: (given) =>
    given.error === error
      ? { settings: `${error} + ${setting(given.weight)} · KL`, loss: { error, a: 1, b: given.weight } }
      : undefined,
});

export const sse = summed("SSE", { title: "summed squared error", implies: "σ = √(w/2)" });

export const sae = summed("SAE", { title: "summed absolute error", implies: "b = w" });

export const bce = summed("BCE", {
  title: "summed binary cross-entropy",
  implies: "a Bernoulli with β = w on binary pixels, no likelihood on grey ones",
});

export const mse: Tool = {
  title: "mean squared error",
  written: "mean-MSE + w · KL, the mean over the D values",
  implies: "σ = √(wD/2)",
  defaults: { klWeight: 1 },
  isMean: true,
  loss: ({ klWeight }, D) => ({ error: "SSE", a: 1 / D, b: klWeight }),
  express: ({ error, weight }, D) =>
    error === "SSE"
      ? { settings: `mean-MSE + ${setting(weight / D)} · KL`, loss: { error, a: 1 / D, b: weight / D } }
      : undefined,
};
