import type { Model } from "../model/model.ts";

/** The standard deviation of the noise, where it is one number; waits for the device. */
export async function readSigma({ likelihood }: Model): Promise<{ sigma?: number }> {
  if (!likelihood.sigma) return {};
  const sigma = likelihood.sigma();
  const [value] = await sigma.data();
  sigma.dispose();
  return { sigma: value! };
}
