import { setting } from "../numbers.ts";
import type { Tool } from "./tool.ts";

export const disentanglementLib: Tool = {
  title: "disentanglement_lib (beta_vae)",
  source: "google-research/disentanglement_lib, methods/shared/losses.py",
  written: "BCE + β · KL; or SSE + β · KL (l2_loss)",
  implies: "σ = √(β/2): 0.707 at β = 1",
  defaults: { beta: 1, reconstructionLoss: "bernoulli_loss" },
  reconstructionLosses: ["bernoulli_loss", "l2_loss"],
  loss: ({ beta, reconstructionLoss }) => ({
    error: reconstructionLoss === "l2_loss" ? "SSE" : "BCE",
    a: 1,
    b: beta,
  }),
  express({ error, weight }) {
    if (error === "SAE") return undefined;
    const loss = error === "SSE" ? "l2_loss" : "bernoulli_loss";
    return {
      settings: `reconstruction_loss.loss_fn=@${loss}, beta_vae.beta=${setting(weight)}`,
      loss: { error, a: 1, b: weight },
    };
  },
};
