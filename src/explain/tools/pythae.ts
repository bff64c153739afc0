import { setting } from "../numbers.ts";
import type { Tool } from "./tool.ts";

export const pythae: Tool = {
  title: "pythae (VAE, BetaVAE)",
  source: "clementchadebec/benchmark_VAE, src/pythae/models/beta_vae",
  written: "½ SSE + β · KL; or BCE + β · KL",
  implies: "σ = √β: 1 for its VAE",
  defaults: { beta: 1, reconstructionLoss: "mse" },
  reconstructionLosses: ["mse", "bce"],
  loss: ({ beta, reconstructionLoss }) =>
    reconstructionLoss === "mse" ? { error: "SSE", a: 0.5, b: beta } : { error: "BCE", a: 1, b: beta },
  express({ error, weight }) {
    if (error === "SAE") return undefined;
    const beta = error === "SSE" ? weight / 2 : weight;
    return {
      settings: `reconstruction_loss=${error === "SSE" ? "mse" : "bce"}, beta=${setting(beta)}`,
      loss: { error, a: error === "SSE" ? 0.5 : 1, b: beta },
    };
  },
  note: "Its earlier versions wrote SSE without the ½: there the same β meant σ = √(β/2).",
};
