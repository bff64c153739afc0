import type { Vae } from "../model/vae.ts";

/** The standard deviation of the noise, where it is one number; waits for the device. */
export async function readSigma({ likelihood }: Vae): Promise<{ sigma?: number }> {
  if (!likelihood.sigma) return {};
  const sigma = likelihood.sigma();
  const [value] = await sigma.data();
  sigma.dispose();
  return { sigma: value! };
}
