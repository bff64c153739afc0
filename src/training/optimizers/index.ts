import type { z } from "zod";
import { familyOf } from "../../base/family.ts";
import { adam } from "./adam.ts";
import { adamax } from "./adamax.ts";
import { adamw } from "./adamw.ts";
import type { OptimizerFamily } from "./optimizer.ts";
import { sgd } from "./sgd.ts";

export const optimizers = familyOf<OptimizerFamily>()("kind", [adam, adamw, sgd, adamax]);

export const optimizerSchema = optimizers.schema.meta({
  description: "how gradients change the weights",
  flag: "optimizer",
});

export type OptimizerConfig = z.infer<typeof optimizerSchema>;
