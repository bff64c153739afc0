import { z } from "zod";
import { defineCondition } from "./condition.ts";

/** The class of the image. */
export const label = defineCondition({
  what: "the class",
  schema: z.strictObject({ kind: z.literal("label") }).describe("the class of the image"),
  given: (fields) => Object.values(fields).find(({ kind }) => kind === "class"),
});
