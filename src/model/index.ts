import type { z } from "zod";
import { familyOf } from "../base/family.ts";
import { type Field, type Fields, fieldOf } from "../data/field.ts";
import { bnn } from "./bnn.ts";
import type { ModelFamily } from "./model.ts";
import { regression } from "./regression.ts";
import { vae } from "./vae.ts";

export const models = familyOf<ModelFamily>()("kind", [vae, regression, bnn]);

export const modelSchema = models.schema.meta({ description: "what is learned", flag: "model" });

export type ModelConfig = z.infer<typeof modelSchema>;

/** The field that a model's likelihood is a density for. */
export const targetOf = (config: ModelConfig, fields: Fields): Field =>
  fieldOf(fields, models.of(config).target ?? "x");
