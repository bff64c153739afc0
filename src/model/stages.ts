import type { Tensor } from "../tensors/tf.ts";
import type { Stage } from "./model.ts";

/** The end of every model: the parameters of p(x|·) and log p of them. */
export const decodedStages = (decoded: Tensor, logProb: Tensor): Stage[] => [
  {
    name: "the decoder's output",
    tensor: decoded,
    cause: "weights of the decoder that have grown too large",
  },
  { name: "log p(x|z)", tensor: logProb, cause: "a scale or a mean that has left the range of x" },
];
