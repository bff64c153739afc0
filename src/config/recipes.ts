import { readdirSync, readFileSync, statSync } from "node:fs";
import { join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { didYouMean, VaeError } from "../base/errors.ts";

/** A configuration or a sweep that comes with this package, by its name from whichever folder. */
export interface Recipe {
  /** Its path below `configs/` without `sweeps/` and the ending: `quick`, `paper/iwae-vae`, `beta`. */
  readonly name: string;
  readonly command: "train" | "sweep";
  readonly file: string;
}

const folder = fileURLToPath(new URL("../../configs/", import.meta.url));

/** `configs/quick.yaml`, as it is called in a checkout, is `quick` too. */
const nameOf = (path: string) => path.replace(/^(\.\/)?configs\//, "").replace(/^sweeps\/|\.ya?ml$/g, "");

export function recipes(): Recipe[] {
  return readdirSync(folder, { recursive: true, encoding: "utf8" })
    .map((path) => path.replaceAll("\\", "/"))
    .filter((path) => path.endsWith(".yaml"))
    .map((path): Recipe => {
      const command = path.startsWith("sweeps/") ? "sweep" : "train";
      return { name: nameOf(path), command, file: join(folder, path) };
    })
    .toSorted((a, b) => order(a).localeCompare(order(b), "en"));
}

/** The short names first, then those in folders, then the sweeps. */
const order = ({ name, command }: Recipe) => `${command === "sweep" ? 2 : name.includes("/") ? 1 : 0}${name}`;

/** What a recipe is, in the first words of its comment. */
export function aboutRecipe({ file }: Recipe): string {
  const comment = /^((?:#.*\n)+?)# {3}vae /m.exec(readFileSync(file, "utf8"))?.[1] ?? "";
  const words = comment.replace(/^# yaml-language-server.*\n/, "").replace(/\n?# /g, " ");
  return words.trim().split(/: |\.(?: (?=[A-Z])|$)/)[0]!;
}

/** What is at a path, if anything is; what cannot be looked at, reading it will tell. */
function stateOf(path: string): "file" | "folder" | "unknown" | undefined {
  try {
    const found = statSync(path, { throwIfNoEntry: false });
    return found && (found.isDirectory() ? "folder" : "file");
  } catch {
    return "unknown";
  }
}

/**
 * The file that a command line, or a file in the folder `from`, names: one that is there, or else a recipe. A sweep may be of
 * either kind of recipe, as flags vary the settings of a configuration. What is neither is a usage error with the nearest name.
 */
export function configFile(given: string, command: Recipe["command"] = "train", from?: string): string {
  const path = from === undefined ? given : resolve(from, given);
  const found = stateOf(path);
  if (found && found !== "folder") return path;
  const all = recipes();
  const recipe = all.find(({ name }) => name === nameOf(given));
  const fits = (recipe: Recipe) => command === "sweep" || recipe.command === "train";
  if (recipe && fits(recipe)) return recipe.file;
  if (found) return path; // a folder, which reading it will tell
  if (recipe) throw new VaeError("usage", `${given} is a sweep: \`vae sweep ${recipe.name}\`.`);
  const names = all.filter(fits).map(({ name }) => name);
  throw new VaeError(
    "usage",
    `There is neither a file ${given} nor a recipe of that name.${didYouMean(nameOf(given), names)} \`vae recipes\` lists them.`,
  );
}
