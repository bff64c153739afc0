import { setting } from "../numbers.ts";
import type { ErrorName } from "../reductions/reduction.ts";
import type { Tool } from "./tool.ts";

/** The error and its factor for each `--rec-dist`. */
const DISTRIBUTIONS: Readonly<Record<string, { error: ErrorName; a: number }>> = {
  bernoulli: { error: "BCE", a: 1 },
  gaussian: { error: "SSE", a: 255 }, // (255 e)² / 255
  laplace: { error: "SAE", a: 3 },
};

export const disentanglingVae: Tool = {
  title: "disentangling-vae (VAE, betaH)",
  source: "YannDubs/disentangling-vae, disvae/models/losses.py",
  written: "BCE + β · KL; 255 SSE + β · KL; 3 SAE + β · KL",
  implies: "σ = √(β/510): 0.0443 at β = 1; b = β/3",
  defaults: { beta: 1, reconstructionLoss: "bernoulli" },
  reconstructionLosses: Object.keys(DISTRIBUTIONS),
  loss: ({ beta, reconstructionLoss }) => ({ ...DISTRIBUTIONS[reconstructionLoss]!, b: beta }),
  express({ error, weight }) {
    const [name, { a }] = Object.entries(DISTRIBUTIONS).find(([, one]) => one.error === error)!;
    const b = a * weight;
    return { settings: `--loss betaH --betaH-B ${setting(b)} --rec-dist ${name}`, loss: { error, a, b } };
  },
};
