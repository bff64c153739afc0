import type { z } from "zod";
import { familyOf } from "../base/family.ts";
import type { ModelFamily } from "./model.ts";
import { regression } from "./regression.ts";
import { vae } from "./vae.ts";

export const models = familyOf<ModelFamily>()("kind", [vae, regression]);

export const modelSchema = models.schema.meta({ description: "what is learned", flag: "model" });

export type ModelConfig = z.infer<typeof modelSchema>;
