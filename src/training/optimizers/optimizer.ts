import { z } from "zod";
import type { UpdateRule } from "../../backends/index.ts";

/** One family of optimisers. */
export interface OptimizerFamily<Schema extends z.ZodObject = z.ZodObject> {
  /** The section `training.optimizer:` of a configuration. */
  readonly schema: Schema;
  create(config: z.infer<Schema>): UpdateRule;
}

/** The name of an optimiser's decay of a moving average; near 1 it is long and smooth. */
export const decaySetting = (initial: number, description: string) =>
  z.number().min(0).lt(1).default(initial).describe(description);
