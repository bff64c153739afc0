import { z } from "zod";
import { activationSchema } from "./activations.ts";
import { activated, fullyConnectedDecoder, fullyConnectedEncoder, hiddenSchema } from "./fullyConnected.ts";
import { defineNetwork } from "./network.ts";

/** Multilayer perceptrons: h = f(Wx + b). */
export const mlp = defineNetwork({
  schema: z
    .strictObject({
      kind: z.literal("mlp"),
      hidden: hiddenSchema,
      activation: activationSchema,
    })
    .describe("fully connected layers"),
  encoder: ({ hidden, activation }, sizes) => fullyConnectedEncoder(hidden, sizes, activated(activation)),
  decoder: ({ hidden, activation }, sizes) => fullyConnectedDecoder(hidden, sizes, activated(activation)),
});
