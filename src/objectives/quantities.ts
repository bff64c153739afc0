import type { Quantity } from "./objective.ts";

/** E_q[−log p(x|z)] */
export const distortion: Quantity = {
  name: "distortion",
  title: "Distortion",
  formula: "E{sub|q}[−log p(x|z)]",
  ofBareLoss: { title: "Reconstruction", formula: "bare loss" },
  isPartOfElbo: true,
};

/** KL(q(z|x) ‖ p(z)) */
export const rate: Quantity = {
  name: "rate",
  title: "Rate",
  formula: "KL(q(z|x) ‖ p(z))",
  isPartOfElbo: true,
};
