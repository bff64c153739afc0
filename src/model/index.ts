import type { z } from "zod";
import { familyOf } from "../base/family.ts";
import type { ModelFamily } from "./model.ts";
import { type Vae, vae } from "./vae.ts";

export const models = familyOf<ModelFamily<z.ZodObject, Vae>>()("kind", [vae]);

export const modelSchema = models.schema.describe("what is learned");

export type ModelConfig = z.infer<typeof modelSchema>;
