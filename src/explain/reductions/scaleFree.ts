import { number } from "../numbers.ts";

/** What β means beside a likelihood that has no noise level to set. */
export const scaleFree = (name: string, beta: number): string[] => [
  `${name} has no scale: its noise follows from its parameters. So β has no reading as a noise level as it has with a ` +
    `Gaussian, where SSE + β · KL is σ² = β / 2. ` +
    (beta === 1
      ? "Here β = 1: the loss is −ELBO."
      : `Here β = ${number(beta)}, and there is no likelihood of this kind at β = 1 with the same best weights: ` +
        `it is a β-VAE, whose loss is no bound on −log p(x). Its −ELBO is reported all the same, at β = 1.`),
];
