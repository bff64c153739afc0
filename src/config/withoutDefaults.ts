import { isDeepStrictEqual } from "node:util";
import { models } from "../model/index.ts";
import type { Config } from "./schema.ts";
import { settings, valueAt } from "./settings.ts";

type Plain = Record<string, unknown>;

/** What is a number of a table may be a section elsewhere, whose settings have lines of their own. */
const isSection = (value: unknown) => typeof value === "object" && value !== null && !Array.isArray(value);

/** What of a configuration differs from the defaults: what a recipe has to say. */
export function withoutDefaults(config: Config): Plain {
  const result: Plain = {};
  const ofModel = models.of(config.model).defaults;
  for (const { path, default: usual } of settings()) {
    const value = valueAt(config, path);
    const standard = ofModel?.[path] ?? usual;
    if (value === undefined || isSection(value) || isDeepStrictEqual(value, standard)) continue;
    const keys = path.split(".");
    let section = result;
    for (const key of keys.slice(0, -1)) {
      section[key] ??= {};
      section = section[key] as Plain;
    }
    section[keys.at(-1)!] = value;
  }
  return result;
}
