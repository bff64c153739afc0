import type { z } from "zod";
import { familyOf } from "../../base/family.ts";
import { conv } from "./conv.ts";
import { gatedMlp } from "./gatedMlp.ts";
import { mlp } from "./mlp.ts";
import type { NetworkFamily } from "./network.ts";

export const networks = familyOf<NetworkFamily>()("kind", [mlp, gatedMlp, conv]);

export const networkSchema = networks.schema.meta({ description: "encoder and decoder", flag: "network" });

export type NetworkConfig = z.infer<typeof networkSchema>;

/** Its kind and its hidden layers, such as `mlp 400-200`. */
export const describeNetwork = ({ kind, hidden }: NetworkConfig) =>
  `${kind} ${hidden.join("-") || "(linear)"}`;
