import type { Vae } from "../model.ts";
import * as tf from "../tf.ts";

/**
 * The first tensor with a NaN or an infinity on the way from the pixels to the loss, described for a message; weights
 * come before what is computed from them.
 */
export async function findNonFinite(vae: Vae, x: tf.Tensor2D, noise: tf.Tensor2D): Promise<string> {
  const pass = vae.forward(x, noise);
  const inOrder: [string, tf.Tensor][] = [
    ["the batch x", x],
    ...[...vae.parameters].map(([name, variable]): [string, tf.Tensor] => [`the weight ${name}`, variable]),
    ...Object.entries(pass.q).map(([name, value]): [string, tf.Tensor] => [`the posterior's ${name}`, value]),
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
    tf.dispose([...Object.values(pass.q), pass.z, pass.decoded, pass.logProb, pass.rate]);
  }
}
