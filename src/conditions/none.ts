import { z } from "zod";
import { defineCondition } from "./condition.ts";

/** p(x): nothing is given. */
export const none = defineCondition({
  what: "nothing",
  schema: z.strictObject({ kind: z.literal("none") }).describe("nothing: p(x)"),
  given: () => undefined,
});
