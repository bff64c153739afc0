import { Command } from "commander";
import { didYouMean, VaeError } from "../base/errors.ts";

/** `vae help sweep status` prints what `vae sweep status --help` does. */
export const helpCommand = (program: Command): Command =>
  new Command("help")
    .description("The help of a command, as its --help prints it.")
    .argument("[command...]", "a command, and one of those in it")
    .action((names: string[]) => commandAt(program, names).outputHelp());

function commandAt(program: Command, names: readonly string[]): Command {
  let command = program;
  for (const [i, name] of names.entries()) {
    const next = command.commands.find((other) => other.name() === name);
    if (!next) {
      const known = command
        .createHelp()
        .visibleCommands(command)
        .map((other) => other.name());
      const accepted = known.length > 0 ? ` Accepted: ${known.join(", ")}.` : "";
      throw new VaeError(
        "usage",
        `There is no command ${["vae", ...names.slice(0, i + 1)].join(" ")}.${didYouMean(name, known)}${accepted}`,
      );
    }
    command = next;
  }
  return command;
}
