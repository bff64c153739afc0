import { isDeepStrictEqual } from "node:util";
import { didYouMean, VaeError } from "../base/errors.ts";
import type { Config } from "../config/schema.ts";
import { type Setting, settings, valueAt } from "../config/settings.ts";
import { isImmaterial } from "../runs/identity.ts";

/** The settings whose runs are repetitions of each other: the seed, and which of the splits of a table. */
const [SEED, FOLD] = ["training.seed", "dataset.split"];

/** Settings that say what was trained, but for what makes a repetition of it. */
export const material = (): readonly Setting[] =>
  settings().filter(({ path }) => path !== SEED && path !== FOLD && !isImmaterial(path));

/** Which of the splits of a table; images have but one. */
export const foldOf = ({ dataset }: Config): number => (dataset.name === "table" ? dataset.split : 0);

/** In the words of tables: what several runs of a row differ in. */
export function repetitionsOf(configs: readonly Config[]): "seeds" | "splits" | "runs" {
  const several = (of: (config: Config) => number) => new Set(configs.map(of)).size > 1;
  if (!several(foldOf)) return "seeds";
  return several(({ training }) => training.seed) ? "runs" : "splits";
}

/** Equal for runs that differ in their repetition alone, or in what alters nothing. */
export const identityOf = (config: Config): string =>
  JSON.stringify(material().map(({ path }) => valueAt(config, path)));

/** The settings that are not the same in all configurations that have them. */
export function varying(configs: readonly Config[]): Setting[] {
  return material().filter((setting) => {
    const having = configs.filter(belongsTo(setting));
    const first = having[0] && valueAt(having[0], setting.path);
    return having.some((config) => !isDeepStrictEqual(valueAt(config, setting.path), first));
  });
}

/** Whether a setting belongs to the kind that a configuration has chosen. */
function belongsTo({ path, kinds }: Setting): (config: Config) => boolean {
  const choice = settings().find((other) => other.isChoice && sectionOf(other.path) === sectionOf(path));
  if (kinds.length === 0 || choice === undefined) return () => true;
  return (config) => kinds.includes(String(valueAt(config, choice.path)));
}

const sectionOf = (path: string) => path.slice(0, path.lastIndexOf("."));

/** `beta` of `objective.beta`, where no other of them ends like that; `prior.kind` of a kind. */
export function shortNames(paths: readonly string[]): string[] {
  return paths.map((path) => {
    const keys = path.split(".");
    const lengths = Array.from({ length: keys.length }, (_, i) => i + 1);
    const unique = lengths.find((length) => {
      const name = keys.slice(-length).join(".");
      return (
        !/^(kind|name)$/.test(name) && paths.filter((other) => `.${other}`.endsWith(`.${name}`)).length === 1
      );
    });
    return keys.slice(-(unique ?? keys.length)).join(".");
  });
}

/** A setting as people write it; `–` where it belongs to another kind. */
export function settingText(config: Config, path: string): string {
  const value = valueAt(config, path);
  if (value === undefined) return "–";
  return typeof value === "object" ? JSON.stringify(value) : String(value);
}

/** The setting of this path, or with this last key where it is the only one. */
export function settingNamed(name: string): Setting {
  const known = settings();
  const found = known.filter(({ path, flag }) => path === name || flag === name || path.endsWith(`.${name}`));
  const exact = found.find(({ path }) => path === name) ?? found[0];
  if (exact && (found.length === 1 || exact.path === name)) return exact;
  const what = exact ? `is several: ${found.map(({ path }) => path).join(", ")}` : "is not a setting";
  const paths = known.map(({ path }) => path);
  throw new VaeError("usage", `${name} ${what}.${exact ? "" : didYouMean(name, paths)}`);
}
