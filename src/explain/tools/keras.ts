import type { Tool } from "./tool.ts";

export const keras: Tool = {
  title: "Keras example",
  source: "keras-team/keras-io, examples/generative/vae.py",
  written: "BCE + KL on grey pixels",
  implies: "no likelihood: BCE on grey",
  defaults: {},
  loss: () => ({ error: "BCE", a: 1, b: 1 }),
  express: ({ error, weight }) =>
    error === "BCE" && weight === 1
      ? { settings: "as it is, fed with these pixels", loss: { error, a: 1, b: 1 } }
      : undefined,
};
