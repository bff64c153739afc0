import { type Command, Option } from "commander";
import { VaeError } from "../base/errors.ts";
import { formerNames } from "./formerNames.ts";
import type { Overrides } from "./load.ts";
import { type Setting, settings } from "./settings.ts";

const DOTTED = "Every other setting, by its path in the YAML";

/** What says how a run is computed, and not what is computed: a run opens with any of these, whatever trained it. */
export const COMPUTE_SETTINGS: readonly string[] = ["backend", "device", "threads"];

/**
 * Adds a flag for each setting, or for those of some `paths`: the short ones that people type, and the YAML path of all
 * others.
 */
export function addSettingOptions(command: Command, paths?: readonly string[]): Command {
  const all = settings().filter(({ path }) => paths?.includes(path) ?? true);
  for (const setting of [...all.filter((s) => s.flag), ...all.filter((s) => !s.flag)]) {
    const option = new Option(
      `--${setting.flag ?? setting.path} <${setting.isList ? "list" : "value"}>`,
      describeSetting(setting),
    );
    if (!paths) option.helpGroup(setting.flag ? "Settings:" : `${DOTTED}:`);
    command.addOption(option);
    // The short flag's long form works too, but would be noise in the help.
    if (setting.flag && setting.flag !== setting.path)
      command.addOption(new Option(`--${setting.path} <value>`).hideHelp());
  }
  for (const [former, path] of formerNames) {
    if (all.some((setting) => setting.path === path))
      command.addOption(new Option(`--${former} <value>`).hideHelp());
  }
  return command;
}

/** The settings among the parsed options, or those of some `paths`, by YAML path. */
export function overridesFrom(
  options: Readonly<Record<string, unknown>>,
  paths?: readonly string[],
): Overrides {
  const overrides = new Map<string, string>();
  for (const { path, flag } of settings().filter(({ path }) => paths?.includes(path) ?? true)) {
    const short = flag && options[camelCase(flag)];
    const dotted = options[path];
    if (short !== undefined && dotted !== undefined && short !== dotted) {
      throw new VaeError(
        "usage",
        `--${flag} ${short} and --${path} ${dotted} set the same thing; give one of them.`,
      );
    }
    const value = short ?? dotted;
    if (typeof value === "string") overrides.set(path, value);
  }
  for (const former of formerNames.keys()) {
    const value = options[former];
    if (typeof value === "string") overrides.set(former, value);
  }
  return overrides;
}

/** commander's name for a flag: `latent-dim` -> `latentDim`. */
const camelCase = (flag: string) => flag.replace(/-(.)/g, (_, letter: string) => letter.toUpperCase());

function describeSetting(setting: Setting): string {
  const parts = [setting.accepts];
  if (setting.default !== undefined) parts.push(`default ${formatDefault(setting.default)}`);
  if (setting.kinds.length > 0) parts.push(`for ${setting.kinds.join(", ")}`);
  return `${setting.description} (${parts.join("; ")})`;
}

export const formatDefault = (value: unknown) => (typeof value === "string" ? value : JSON.stringify(value));
