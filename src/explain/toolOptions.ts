import { type Command, Option } from "commander";
import { VaeError } from "../base/errors.ts";
import { loadConfig, type Overrides } from "../config/load.ts";
import { overridesFrom } from "../config/options.ts";
import { withoutDefaults } from "../config/withoutDefaults.ts";
import type { Section } from "./document.ts";
import { toolNames, tools } from "./tools/index.ts";
import type { Tool } from "./tools/tool.ts";
import { overridesOf, type ToolFlags, translate, translationSection } from "./translate.ts";

/** The flags with which another tool's loss is described. */
export interface ToolOptions {
  readonly from?: string;
  readonly beta?: string;
  readonly klWeight?: string;
  readonly kldWeight?: string;
  readonly weight?: string;
  readonly reconstructionLoss?: string;
  readonly imageSize?: string;
}

const GROUP = "Another tool's loss:";

export function addToolOptions(command: Command): Command {
  const all = Object.entries<Tool>(tools);
  const having = (setting: keyof Tool["defaults"]) =>
    all.filter(([, tool]) => setting in tool.defaults).map(([name]) => name);
  const losses = all.flatMap(([name, { reconstructionLosses }]) =>
    reconstructionLosses ? [`${reconstructionLosses.join(", ")} of ${name}`] : [],
  );
  const options = [
    new Option(
      "--from <tool>",
      `translate its loss into our settings, and explain those: ${toolNames.join(", ")}`,
    ),
    new Option(
      "--kl-weight <w>",
      `what the KL is multiplied with, by whatever name (also --kld-weight, --weight), for ${having("klWeight").join(", ")}. ` +
        `With --from, --beta too is the other tool's β, for ${having("beta").join(", ")}`,
    ),
    new Option("--kld-weight <w>").hideHelp(),
    new Option("--weight <w>").hideHelp(),
    new Option("--reconstruction-loss <name>", `by the tool's own name: ${losses.join("; ")}`),
    new Option(
      "--image-size <size>",
      "images that a mean error is taken over, such as 28x28 or 64x64x3 (default: 64x64x3 for pytorch-vae, those of the " +
        "dataset for mse)",
    ),
  ];
  for (const option of options) command.addOption(option.helpGroup(GROUP));
  return command;
}

/** Settings from a command line; with --from, those that the other tool's loss stands for, and what to say about it. */
export async function settingsFrom(
  file: string | undefined,
  options: ToolOptions,
  datasetD: (overrides: Overrides) => Promise<number>,
): Promise<{ overrides: Overrides; section?: Section }> {
  const { from } = options;
  const { beta, ...others } = toolFlags(options);
  if (from === undefined) {
    if (Object.keys(others).length === 0) return { overrides: overridesFrom({ ...options }) };
    throw new VaeError(
      "usage",
      "--kl-weight, --reconstruction-loss and --image-size are settings of other tools; say of which with --from, as in " +
        "`vae explain --from pythae`.",
    );
  }
  const own = overridesFrom({ ...options, beta: undefined });
  const conflict = [...own.keys()].find((path) => /^(likelihood|objective\.(kind|beta)$)/.test(path));
  if (conflict) {
    throw new VaeError(
      "usage",
      `--from ${from} decides the likelihood and β, so ${conflict} cannot be set beside it. ` +
        `Take the YAML that it prints and change that.`,
    );
  }
  const flags = { ...others, ...(beta !== undefined && { beta }) };
  const translation = await translate(from, flags, () => datasetD(own));
  const { likelihood: _, objective: __, ...rest } = withoutDefaults(loadConfig(file, own));
  return {
    overrides: new Map([...own, ...overridesOf(translation.same)]),
    section: translationSection(translation, rest),
  };
}

function toolFlags(options: ToolOptions): ToolFlags {
  const { beta, klWeight, kldWeight, weight, reconstructionLoss, imageSize } = options;
  const weights = [klWeight, kldWeight, weight].filter((given) => given !== undefined);
  if (weights.length > 1) {
    throw new VaeError(
      "usage",
      "--kl-weight, --kld-weight and --weight are the same thing; give one of them.",
    );
  }
  return {
    ...(beta !== undefined && { beta }),
    ...(weights[0] !== undefined && { klWeight: weights[0] }),
    ...(reconstructionLoss !== undefined && { reconstructionLoss }),
    ...(imageSize !== undefined && { imageSize }),
  };
}
