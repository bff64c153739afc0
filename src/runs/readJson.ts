import { readFileSync } from "node:fs";
import type { z } from "zod";
import { VaeError } from "../base/errors.ts";
import { fileError } from "../base/fileErrors.ts";

/** What a JSON file of a run says, checked; undefined where there is no such file. `remedy` is for one that is damaged. */
export function readJson<T>(file: string, schema: z.ZodType<T>, remedy: string): T | undefined {
  let text: string;
  try {
    text = readFileSync(file, "utf8");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw fileError(`Cannot read ${file}`, error);
  }
  try {
    return schema.parse(JSON.parse(text));
  } catch (error) {
    throw new VaeError(
      "failure",
      `${file} is damaged: it does not hold what a run writes there; ${remedy}.`,
      {
        cause: error,
      },
    );
  }
}
