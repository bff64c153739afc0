import { z } from "zod";
import { backendNames } from "../backends/index.ts";
import { conditionSchema } from "../conditions/index.ts";
import { datasetSchema } from "../data/index.ts";
import { modelSchema } from "../model/index.ts";
import { likelihoodSchema } from "../model/likelihoods/index.ts";
import { objectiveSchema } from "../objectives/index.ts";
import { changeable, trainingSchema } from "../training/schema.ts";

/** What a resumed run has changed: from `step` on (counted from 0) these settings hold. */
export const changeSchema = z.strictObject({
  step: z.int().min(0),
  training: z.strictObject(changeable).partial().optional(),
  objective: z.strictObject({ beta: z.number().min(0) }).optional(),
});

/**
 * Everything that a run depends on. Each section is written beside the code that reads it; this puts them together.
 * Flags, help, the settings table, the JSON schema for editors and the types all come from here.
 */
export const configSchema = z
  .strictObject({
    dataset: datasetSchema
      .meta({ description: "what to train on", flag: "dataset" })
      .prefault({ name: "digits" }),
    condition: conditionSchema.prefault({ kind: "none" }),
    model: modelSchema.prefault({ kind: "vae" }),
    likelihood: likelihoodSchema.prefault({ kind: "gaussian" }),
    objective: objectiveSchema.prefault({ kind: "elbo" }),
    training: trainingSchema.prefault({}),
    changes: z
      .array(changeSchema)
      .default([])
      .describe(
        "settings that hold only from a step on; written by `vae train --resume` with other settings",
      ),
    backend: z
      .enum(["auto", ...backendNames])
      .default("auto")
      .meta({ description: "what computes; auto takes the fastest that works here", flag: "backend" }),
    device: z.enum(["auto", "cpu", "gpu"]).default("auto").meta({
      description: "for backends that run on either; gpu fails where there is none",
      flag: "device",
    }),
    threads: z
      .union([z.literal("auto"), z.int().min(1).max(1024)])
      .default("auto")
      .meta({ description: "processor threads; auto takes the cores there are", flag: "threads" }),
  })
  .describe("A training run of vae");

export type Config = z.infer<typeof configSchema>;
