import { setting } from "../numbers.ts";
import type { Tool } from "./tool.ts";

export const pytorchVae: Tool = {
  title: "PyTorch-VAE (VanillaVAE)",
  source: "AntixK/PyTorch-VAE, models/vanilla_vae.py",
  written: "mean-MSE + kld_weight · KL, the mean over all D values",
  implies: "σ = √(kld_weight · D / 2): 1.24 for 0.00025 at 64x64x3",
  defaults: { klWeight: 0.00025 },
  isMean: true,
  imageSize: [64, 64, 3],
  loss: ({ klWeight }, D) => ({ error: "SSE", a: 1 / D, b: klWeight }),
  express({ error, weight }, D) {
    if (error !== "SSE") return undefined;
    return { settings: `kld_weight=${setting(weight / D)}`, loss: { error, a: 1 / D, b: weight / D } };
  },
  note:
    "That is its loss in training; its validation loss, by which it keeps checkpoints, has kld_weight 1 and so another σ " +
    "(78.4 at 64x64x3). D is in it too: the same kld_weight is another σ for images of another size (`--image-size`).",
};
