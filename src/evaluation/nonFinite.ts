import { type BatchInputs, onDevice } from "../model/inputs.ts";
import type { Vae } from "../model/vae.ts";
import type { Objective } from "../objectives/objective.ts";
import * as tf from "../tensors/tf.ts";

/**
 * The first tensor with a NaN or an infinity on the way from the pixels to the loss, described for a message; weights
 * come before what is computed from them.
 */
export async function findNonFinite(vae: Vae, objective: Objective, batch: BatchInputs): Promise<string> {
  const [x, noise] = onDevice(vae, batch) as [tf.Tensor2D, tf.Tensor2D];
  const pass = vae.forward(x, noise, objective.samples);
  const inOrder: [string, tf.Tensor][] = [
    ["the batch x", x],
    ...[...vae.parameters].map(([name, variable]): [string, tf.Tensor] => [`the weight ${name}`, variable]),
    ...Object.entries(pass.q.params).map(([name, value]): [string, tf.Tensor] => [
      `the posterior's ${name}`,
      value,
    ]),
    ["the latent z", pass.z],
    ["the decoder's output", pass.decoded],
    ["log p(x|z)", pass.logProb],
    ["the rate KL(q(z|x) || p(z))", pass.rate],
  ];
  try {
    for (const [name, tensor] of inOrder) {
      const values = await tensor.data();
      const bad = values.findIndex((v) => !Number.isFinite(v));
      if (bad >= 0) return `${name} [${tensor.shape}], ${values[bad]} at index ${bad}`;
    }
    return "in the gradient: all values of the forward pass are finite";
  } finally {
    tf.dispose([x, noise, ...Object.values(pass.q.params), pass.z, pass.decoded, pass.logProb, pass.rate]);
  }
}
