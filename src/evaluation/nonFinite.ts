import { type BatchInputs, onDevice } from "../model/inputs.ts";
import type { Vae } from "../model/vae.ts";
import type { Objective } from "../objectives/objective.ts";
import * as tf from "../tensors/tf.ts";

/**
 * The first tensor with a NaN or an infinity on the way from the pixels to the loss, described for a message with what it
 * may come from; weights come before what is computed from them.
 */
export async function findNonFinite(vae: Vae, objective: Objective, batch: BatchInputs): Promise<string> {
  const [x, noise] = onDevice(vae, batch) as [tf.Tensor2D, tf.Tensor2D];
  const pass = vae.forward(x, noise, objective.samples);
  const inOrder: [name: string, tensor: tf.Tensor, cause: string][] = [
    ["the batch x", x, "a value of the data that is no number"],
    ...[...vae.parameters].map(([name, variable]) =>
      named(`the weight ${name}`, variable, "an update before it that was too large"),
    ),
    ...Object.entries(pass.q.params).map(([name, value]) =>
      named(`the posterior's ${name}`, value, "weights of the encoder that have grown too large"),
    ),
    ["the latent z", pass.z, "a posterior whose variance has grown too large"],
    ["the decoder's output", pass.decoded, "weights of the decoder that have grown too large"],
    ["log p(x|z)", pass.logProb, "a scale or a mean that has left the range of x"],
    ["the rate KL(q(z|x) || p(z))", pass.rate, "a posterior that has run away from the prior"],
  ];
  try {
    for (const [name, tensor, cause] of inOrder) {
      const values = await tensor.data();
      const bad = values.findIndex((v) => !Number.isFinite(v));
      if (bad >= 0) return `${name} [${tensor.shape}], ${values[bad]} at index ${bad}: likely from ${cause}`;
    }
    return "in the gradient: all values of the forward pass are finite";
  } finally {
    tf.dispose([x, noise, ...Object.values(pass.q.params), pass.z, pass.decoded, pass.logProb, pass.rate]);
  }
}

const named = (name: string, tensor: tf.Tensor, cause: string): [string, tf.Tensor, string] => [
  name,
  tensor,
  cause,
];
