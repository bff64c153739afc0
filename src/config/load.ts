import { readFileSync, statSync } from "node:fs";
import { parse, stringify, YAMLParseError } from "yaml";
import type { z } from "zod";
import { didYouMean, VaeError } from "../base/errors.ts";
import { fileError } from "../base/fileErrors.ts";
import { models } from "../model/index.ts";
import { phasesOf } from "./changes.ts";
import { isOfRun, withFormer, withUnsaid } from "./formerDefaults.ts";
import { formerNames } from "./formerNames.ts";
import { flagsCalled, kebabCase, valueCalled } from "./otherNames.ts";
import { type Config, configSchema } from "./schema.ts";
import { flagOf, type Setting, settings } from "./settings.ts";

/** Settings as a YAML file has them, before they are checked. */
export type Plain = Record<string, unknown>;

/** Settings from a command line, by YAML path; the values are still text. */
export type Overrides = ReadonlyMap<string, string>;

/**
 * A file (or none, or what one says, or a configuration) with overrides on top, checked and complete; `unsaid` holds where the
 * file says nothing of these settings of its dataset. Whatever is wrong is a usage error that names the file, the path and, for
 * an unknown key, the nearest that exists.
 */
export function loadConfig(
  file: string | Plain | undefined,
  overrides: Overrides = new Map(),
  unsaid: Plain = {},
): Config {
  const fromFile = spelledOut(file === undefined ? {} : typeof file === "string" ? readYaml(file) : file);
  const where = typeof file === "string" ? file : undefined;
  const said = where !== undefined && isOfRun(where) ? withFormer(fromFile) : withUnsaid(fromFile, unsaid);
  const typed = byPresentNames(overrides);
  return resolve(applyOverrides(withPresentNames(said), typed), where, new Set(typed.keys()));
}

/** Settings that a run saved, checked alike. */
export const parseConfig = (settings: Plain, from: string): Config =>
  resolve(withPresentNames(withFormer(settings)), from);

const byPresentNames = (overrides: Overrides): Overrides =>
  new Map([...overrides].map(([path, text]) => [formerNames.get(path) ?? path, text]));

/** The YAML of a resolved configuration: every key, so that it repeats the run. */
export const configYaml = (config: Config | Plain) => stringify(config);

/** A configuration with every key has 2 kB; YAML takes minutes for a few megabytes. */
const MAX_BYTES = 100_000;

function readText(file: string): string {
  const doing = `Cannot read the configuration ${file}`;
  try {
    const found = statSync(file);
    if (found.isCharacterDevice()) throw new VaeError("usage", `${doing}: it is a device.`);
    if (found.size > MAX_BYTES) {
      throw new VaeError("usage", `${doing}: it has ${found.size} bytes. Accepted: up to ${MAX_BYTES}.`);
    }
    return readFileSync(file, "utf8");
  } catch (error) {
    throw fileError(doing, error, "usage");
  }
}

/** What a file of settings says, unchecked; one that cannot be read, or holds something else, is a usage error. */
export function readYaml(file: string): Plain {
  const text = readText(file);
  try {
    const parsed: unknown = parse(text, { logLevel: "error" }) ?? {}; // warnings would go past us to stderr
    JSON.stringify(parsed); // fails where an alias contains itself
    if (!isSection(parsed)) {
      throw new VaeError(
        "usage",
        `${file} must hold settings as \`key: value\`, but holds ${shown(parsed)}.`,
      );
    }
    return parsed;
  } catch (error) {
    if (error instanceof VaeError) throw error;
    const { message } = error as Error;
    throw new VaeError(
      "usage",
      error instanceof YAMLParseError
        ? `${file} is not YAML: ${message.split("\n")[0]!.replace(/:$/, ".")}` // without the piece of the file below it
        : `${file} uses YAML aliases in a way that cannot be read: ${message.split("\n")[0]}`,
    );
  }
}

/** What a file says by the names of earlier versions, see `formerNames`; where it has both names, the old one is unknown. */
export function withPresentNames(input: Plain): Plain {
  const result = structuredClone(input);
  for (const [former, present] of formerNames) {
    const [from, to] = [former, present].map((path) => path.split(".")) as [string[], string[]];
    const value = valueAt(result, from);
    if (value === undefined || valueAt(result, to) !== undefined) continue;
    openSection(result, sectionOf(present))[lastKey(present)] = value;
    const section = valueAt(result, from.slice(0, -1)) as Plain;
    delete section[lastKey(former)];
    if (Object.keys(section).length === 0)
      delete openSection(result, sectionOf(sectionOf(former)))[from.at(-2)!];
  }
  return result;
}

/**
 * Sets each path in a copy. Choosing another kind for a section drops what the file said for the old kind:
 * `--likelihood bernoulli` over a file with a Gaussian's sigma means Bernoulli, not an error about sigma.
 */
function applyOverrides(base: Plain, overrides: Overrides): Plain {
  const result = structuredClone(base);
  const known = settings();
  for (const [path, text] of overrides) {
    const setting = known.find((s) => s.path === path);
    const section = openSection(result, sectionOf(path));
    const key = lastKey(path);
    const value = parseValue(text, setting);
    if (setting?.isChoice && section[key] !== value) {
      for (const other of known) {
        const isSibling = sectionOf(other.path) === sectionOf(path);
        if (isSibling && other.kinds.length > 0 && !other.kinds.includes(String(value))) {
          delete section[lastKey(other.path)];
        }
      }
    }
    section[key] = value;
  }
  return result;
}

/** `likelihood: gaussian` means `likelihood: { kind: gaussian }`, as of every section that has a kind. */
function spelledOut(input: Plain): Plain {
  const result = structuredClone(input);
  for (const { path, isChoice } of settings()) {
    const section = sectionOf(path);
    const parent = isChoice && valueAt(result, section.split(".").slice(0, -1));
    if (isSection(parent) && typeof parent[lastKey(section)] === "string")
      parent[lastKey(section)] = { [lastKey(path)]: parent[lastKey(section)] };
  }
  return result;
}

/** `training:` with nothing behind it says nothing, as if it were not there. */
function withoutEmpty(input: Plain): Plain {
  const filled = Object.entries(input).filter(([, value]) => value !== null);
  return Object.fromEntries(
    filled.map(([key, value]) => [key, isSection(value) ? withoutEmpty(value) : value]),
  );
}

const isSection = (value: unknown): value is Plain =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/** A section that says something, but not its kind, is of the default kind. */
function fillChoices(input: Plain): Plain {
  const result = structuredClone(input);
  for (const { path, isChoice, default: value } of settings()) {
    const section = valueAt(result, sectionOf(path).split("."));
    if (isChoice && value !== undefined && isSection(section)) section[lastKey(path)] ??= value;
  }
  return result;
}

/** A kind of model may have other defaults than the rest, each where its section has that setting. */
function withModelDefaults(input: Plain): Plain {
  const kind = valueAt(input, ["model", "kind"]);
  const defaults = models.members.get(String(kind))?.defaults;
  if (!defaults) return input;
  const result = structuredClone(input);
  for (const [path, value] of Object.entries(defaults)) {
    const { kinds } = settings().find((setting) => setting.path === path)!;
    const section = openSection(result, sectionOf(path));
    const choice = settings().find(
      (setting) => setting.isChoice && sectionOf(setting.path) === sectionOf(path),
    );
    if (choice) section[lastKey(choice.path)] ??= choice.default;
    const chosen = choice && section[lastKey(choice.path)];
    if (kinds.length === 0 || kinds.includes(String(chosen))) section[lastKey(path)] ??= value;
  }
  return result;
}

/** The object at `path`, made if it is not there. */
function openSection(root: Plain, path: string): Plain {
  let section = root;
  for (const key of path === "" ? [] : path.split(".")) {
    if (!isSection(section[key])) section[key] = {};
    section = section[key] as Plain;
  }
  return section;
}

const sectionOf = (path: string) => path.slice(0, Math.max(0, path.lastIndexOf(".")));
const lastKey = (path: string) => path.slice(path.lastIndexOf(".") + 1);

/** `0.1`, `true`, `shared` as YAML reads them; a list also as `500,500`, where there is no word for it such as `auto`. */
function parseValue(text: string, setting: Setting | undefined): unknown {
  const isWord = setting?.accepts.split(" | ").includes(text.trim()); // `auto` of what may be a list, too
  const isBareList = setting?.isList && !text.trim().startsWith("[") && !isWord;
  try {
    return parse(isBareList ? `[${text}]` : text);
  } catch {
    return text;
  }
}

/** Told at a time. */
const MAX_MESSAGES = 20;

/** `typed` are the paths that come from the command line, and are told by their flags. */
function resolve(given: Plain, file: string | undefined, typed: ReadonlySet<string> = new Set()): Config {
  const input = withModelDefaults(fillChoices(withoutEmpty(given)));
  const result = configSchema.safeParse(input);
  if (result.success) {
    phasesOf(result.data); // fails where a change does not fit the rest
    return result.data;
  }
  const issues = result.error.issues.flatMap(oneEach);
  const told = issues.slice(0, MAX_MESSAGES).map((issue) => {
    const { path, text } = explain(issue, input, typed);
    return typed.has(path)
      ? `${flagOf(path)}${text.replace("{where}", "")}`
      : `${path || "the configuration"}${text.replace("{where}", () => (file === undefined ? "" : ` (${file})`))}`;
  });
  const more = issues.length - told.length;
  throw new VaeError("usage", [...told, ...(more > 0 ? [`And ${more} more.`] : [])].join("\n"));
}

/** What is wrong with a setting. `{where}` stands in the text behind its name where the file belongs. */
interface Complaint {
  readonly path: string;
  readonly text: string;
}

/** zod tells of all unknown keys of a section at once. */
const oneEach = (issue: z.core.$ZodIssue): z.core.$ZodIssue[] =>
  issue.code === "unrecognized_keys" ? issue.keys.map((key) => ({ ...issue, keys: [key] })) : [issue];

/** One complaint of zod, see `oneEach`, in plain sentences. */
function explain(issue: z.core.$ZodIssue, input: Plain, typed: ReadonlySet<string>): Complaint {
  const path = issue.path.join(".");
  const known = settings();
  if (issue.code === "unrecognized_keys") {
    const key = issue.keys[0]!;
    return unknownKey(path ? `${path}.${key}` : key, input, known);
  }
  const list = known.find((s) => s.isList && path.startsWith(`${s.path}.`));
  if (list) return explain({ ...issue, path: list.path.split(".") } as z.core.$ZodIssue, input, typed);
  const value = valueAt(input, issue.path);
  const given = shown(value);
  const setting = known.find((s) => s.path === path);
  if (issue.code === "invalid_union" && issue.discriminator) {
    const choice = known.find((s) => s.path === `${path}.${issue.discriminator}` || s.path === path);
    const place = choice?.path ?? path;
    const given = valueAt(input, choice ? choice.path.split(".") : issue.path);
    const value = typeof given === "string" ? abridged(given) : shown(given);
    const choices = choice?.accepts.split(" | ") ?? [];
    const renamed = calledHere(place, value, choices, typed);
    const wrong = ` is not one of ${choices.join(", ")}{where}.${didYouMean(value, choices)}`;
    return { path: place, text: `: ${value}${renamed ?? wrong}` };
  }
  if (issue.code === "custom") return { path, text: `: expected ${issue.message}, got ${given}{where}.` };
  if (setting) {
    const choices = setting.accepts.split(" | ");
    const renamed = typeof value === "string" && calledHere(path, value, choices, typed);
    if (renamed) return { path, text: `: ${value}${renamed}` };
    const suggestion = typeof value === "string" ? didYouMean(value, choices) : "";
    return { path, text: `: expected ${setting.accepts}, got ${given}{where}.${suggestion}` };
  }
  return { path, text: `: expected settings, got ${given}{where}.` };
}

/** What to say behind a value that other programs, or other letters, call otherwise. */
function calledHere(path: string, given: string, choices: readonly string[], typed: ReadonlySet<string>) {
  const known = valueCalled(path, given, choices);
  if (!known) return undefined;
  const { value, because, path: place = path } = known;
  const written = typed.has(path)
    ? `--${settings().find((s) => s.path === place)?.flag ?? place} ${value}`
    : `${place}: ${value}`;
  return ` has another name here{where}${because === undefined ? "" : `, as ${because}`}. Write ${written}.`;
}

function unknownKey(path: string, input: Plain, known: readonly Setting[]): Complaint {
  const elsewhere = known.find((s) => s.path === path);
  if (elsewhere) {
    const section = sectionOf(path);
    const kind = (valueAt(input, section.split(".")) as Plain | undefined) ?? {};
    const chosen = kind["kind"] ?? kind["name"] ?? known.find((s) => sectionOf(s.path) === section)?.default;
    const text = ` is not a setting of ${chosen}{where}; it belongs to ${elsewhere.kinds.join(", ")}.`;
    return { path, text };
  }
  const paths = [...known.map((s) => s.path), ...new Set(known.map((s) => s.path.split(".")[0]!))];
  const leaf = path.split(".").at(-1)!;
  const sameLeaf = paths.find((p) => p.split(".").at(-1) === leaf) ?? settingCalled(leaf, known);
  const suggestion = sameLeaf
    ? ` Did you mean ${sameLeaf}?`
    : didYouMean(path, paths) || didYouMeanLeaf(leaf, paths);
  return { path, text: ` is not a setting{where}.${suggestion || " `vae train --help` lists them."}` };
}

/** The setting that other programs call so. */
function settingCalled(name: string, known: readonly Setting[]): string | undefined {
  const flags = flagsCalled(name).map(({ flag }) => flag);
  const isCalled = ({ path, flag }: Setting) =>
    flags.some((called) => called === flag || called === path || called === kebabCase(lastKey(path)));
  return known.find(isCalled)?.path;
}

/** A misspelt key in the wrong section: compares last names only. */
function didYouMeanLeaf(leaf: string, paths: readonly string[]): string {
  const names = paths.map((p) => p.split(".").at(-1)!);
  const hint = /mean (\S+)\?$/.exec(didYouMean(leaf, names))?.[1];
  return hint ? ` Did you mean ${paths[names.indexOf(hint)]}?` : "";
}

const valueAt = (input: unknown, path: readonly PropertyKey[]): unknown =>
  path.reduce<unknown>((value, key) => (value as Plain | null | undefined)?.[key as string], input);

function shown(value: unknown): string {
  if (value === undefined) return "nothing";
  return abridged(JSON.stringify(value));
}

const abridged = (text: string) => (text.length > 100 ? `${text.slice(0, 100)}…` : text);
