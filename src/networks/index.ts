import { z } from "zod";
import { conv } from "./conv.ts";
import { mlp } from "./mlp.ts";
import type { NetworkFamily } from "./network.ts";

export const networkSchema = z
  .discriminatedUnion("kind", [mlp.schema, conv.schema])
  .meta({ description: "encoder and decoder", flag: "network" });

export type NetworkConfig = z.infer<typeof networkSchema>;

const networks = { mlp, conv } satisfies {
  [K in NetworkConfig["kind"]]: { schema: z.ZodType<Extract<NetworkConfig, { kind: K }>> };
};

/** The family that a configuration names. */
export function networkFamily(config: NetworkConfig) {
  return networks[config.kind] as unknown as NetworkFamily<z.ZodType<NetworkConfig>>;
}
