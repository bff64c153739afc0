import { nats, number } from "../numbers.ts";
import { sumOverValues } from "./locationScale.ts";
import type { Reduce } from "./reduction.ts";
import { scaleFree } from "./scaleFree.ts";

export const categorical: Reduce<"categorical"> = ({ levels: K }, { D, beta }) => ({
  details: [],
  symbols: [
    `x = ${K === 2 ? "k" : `k / ${K - 1}`}: the pixel on ${K} levels`,
    `l = l(z): ${K} outputs of the decoder for each value`,
  ],
  steps: [
    sumOverValues("−log p(x|z) = −Σ_d log softmax(l_d)_k"),
    {
      formula: "−log p(x|z) = CE",
      because: "the cross-entropy of a classifier that has to name the level of each pixel",
    },
  ],
  dropped: {
    formula: "0",
    nats: 0,
    meaning: `Nothing is dropped. For scale: guessing evenly costs D log ${K} = ${nats(D * Math.log(K))} nats per image, ${number(Math.log2(K))} bits/dim.`,
  },
  terms: { crossEntropy: "CE" },
  tradeOff: scaleFree("A categorical likelihood", beta),
  inexpressible: "none of them has a categorical likelihood over levels",
});
