import type { z } from "zod";
import { VaeError } from "../base/errors.ts";
import { familyOf } from "../base/family.ts";
import type { Field, Fields } from "../data/field.ts";
import { RandomStream } from "../tensors/random.ts";
import { blur } from "./blur.ts";
import type { Condition, ConditionFamily } from "./condition.ts";
import { downsample } from "./downsample.ts";
import { given } from "./given.ts";
import { label } from "./label.ts";
import { mask } from "./mask.ts";
import { noise } from "./noise.ts";
import { none } from "./none.ts";
import { sinogram } from "./sinogram.ts";

export { observed, observedSplit } from "./observed.ts";

export const conditions = familyOf<ConditionFamily>()("kind", [
  none,
  label,
  downsample,
  sinogram,
  mask,
  blur,
  noise,
  given,
]);

export const conditionSchema = conditions.schema.meta({
  description: "y, what x is conditioned on",
  flag: "condition",
});

export type ConditionConfig = z.infer<typeof conditionSchema>;

/** The operator that makes y of x; undefined where y is in the data, or there is none. */
export const conditionOf = (config: ConditionConfig, x: Field): Condition | undefined =>
  conditions.of(config).create?.(config, x);

/** The stream that all noise of a condition is drawn from. */
export const streamOf = (config: ConditionConfig): RandomStream =>
  new RandomStream("condition").fork("seed" in config ? config.seed : 0);

/** y among the fields of data, which by now must have it; undefined without a condition. */
export function givenField(config: ConditionConfig, fields: Fields): Field | undefined {
  const field = conditions.of(config).given(fields);
  if (field || config.kind === "none") return field;
  const has = Object.keys(fields).join(", ");
  throw new VaeError(
    "usage",
    config.kind === "label"
      ? `condition.kind is label, and this dataset has no classes (it has ${has}). Labels come with digits, mnist and folders of classes.`
      : `condition.kind is ${config.kind}, and this dataset brings no y (it has ${has}). Pairs of your own do; ` +
          "of images alone y is made by downsample, sinogram, mask, blur or noise.",
  );
}
