import { z } from "zod";
import { VaeError } from "../base/errors.ts";
import type { Dataset } from "../data/dataset.ts";
import type { Field, Fields } from "../data/field.ts";
export const conditionSchema = z
  .discriminatedUnion("kind", [
    z.strictObject({ kind: z.literal("none") }),
    z.strictObject({ kind: z.literal("label") }),
    z.strictObject({ kind: z.literal("given") }),
  ])
  .meta({ description: "what x is conditioned on, y", flag: "condition" });
export type ConditionConfig = z.infer<typeof conditionSchema>;
export const observed = async (
  dataset: Dataset,
  _config: ConditionConfig,
  _turn: () => Promise<void>,
): Promise<Dataset> => dataset;
export function givenField(config: ConditionConfig, fields: Fields): Field | undefined {
  if (config.kind === "none") return undefined;
  const field =
    config.kind === "label" ? Object.values(fields).find(({ kind }) => kind === "class") : fields["y"];
  if (field) return field;
  throw new VaeError("usage", `condition.kind is ${config.kind}, and the dataset has no such field.`);
}
