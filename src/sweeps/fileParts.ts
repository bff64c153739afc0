import type { z } from "zod";
import { didYouMean, VaeError } from "../base/errors.ts";
import { settingNamed } from "../comparison/settingsOf.ts";
import { formerNames } from "../config/formerNames.ts";
import type { Plain } from "../config/load.ts";
import { settings } from "../config/settings.ts";

/** Of a random search that says nowhere how long it is. */
export function noCount(file: string, key: string): never {
  throw new VaeError("usage", `${file} does not say how many to draw: give ${key} in the file, or --count.`);
}

/** The same by the paths of the settings, which a file may also name by their flags, or by their last keys. */
export function byPath<In, Out>(
  named: Readonly<Record<string, In>>,
  read: (value: In) => Out,
): Map<string, Out> {
  return new Map(Object.entries(named).map(([name, value]) => [pathOf(name), read(value)]));
}

/** Of a setting by any of its names. */
export const pathOf = (name: string): string =>
  settings().find(({ flag }) => flag === name)?.path ?? formerNames.get(name) ?? settingNamed(name).path;

/** What a file says, if it is of this form; a usage error that names the place otherwise. */
export function checked<T>(schema: z.ZodType<T>, content: Plain, file: string): T {
  const result = schema.safeParse(content);
  if (result.success) return result.data;
  const told = result.error.issues.slice(0, 5).map((issue) => {
    const place = issue.path.join(".") || "the file";
    if (issue.code !== "unrecognized_keys") return `${place}: ${issue.message}`;
    const known = /^vary/.test(place) ? ["grid", "list", "random"] : ["base", "vary"];
    return issue.keys.map((key) => `${place}: ${key} is not known.${didYouMean(key, known)}`).join("\n");
  });
  throw new VaeError("usage", `${file} is no sweep:\n${told.join("\n")}`);
}
