import { type Command, Option } from "commander";
import { toolNames, tools } from "./tools/index.ts";
import type { Tool } from "./tools/tool.ts";

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
