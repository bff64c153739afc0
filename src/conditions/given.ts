import { z } from "zod";
import { defineCondition, observedField } from "./condition.ts";

/** A y that is in the data, as in pairs of the user's own. */
export const given = defineCondition({
  what: "the y of the data",
  schema: z
    .strictObject({ kind: z.literal("given") })
    .describe("the y that is in the data, as in pairs of your own"),
  given: observedField,
});
