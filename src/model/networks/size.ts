import { util } from "../../tensors/tf.ts";
import type { Network } from "./network.ts";

/** Numbers that some networks learn, all together. */
export const weightsIn = (networks: readonly Pick<Network, "weights">[]): number =>
  networks
    .flatMap(({ weights }) => weights)
    .reduce((sum, { shape }) => sum + util.sizeFromShape([...shape]), 0);
