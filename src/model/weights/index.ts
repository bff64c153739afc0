import type { z } from "zod";
import { familyOf } from "../../base/family.ts";
import { fullLastLayer } from "./fullLastLayer.ts";
import type { WeightPosteriorFamily } from "./layer.ts";
import { meanField } from "./meanField.ts";
import { mixture } from "./mixture.ts";
import { point } from "./point.ts";

export const weightPosteriors = familyOf<WeightPosteriorFamily>()("kind", [
  meanField,
  fullLastLayer,
  mixture,
  point,
]);

export const weightPosteriorSchema = weightPosteriors.schema.describe(
  "q(w): the approximate posterior of the weights",
);

export type WeightPosteriorConfig = z.infer<typeof weightPosteriorSchema>;
