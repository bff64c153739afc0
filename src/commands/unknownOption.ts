import type { Command, Option } from "commander";
import { argumentCalled, flagsCalled, kebabCase } from "../config/otherNames.ts";

/**
 * What to say of an option that a command does not have but another program would: the name it has here, and the command
 * line with it. Undefined where nobody calls it so.
 */
export function unknownOption(program: Command, argv: readonly string[], given: string): string | undefined {
  const [flag = ""] = given.split("=");
  const command = commandOf(program, argv);
  const place = argv.findIndex((word) => word === given || word.startsWith(`${flag}=`));
  const { words, told } = renamed(command, flag.replace(/^-+/, "")) ?? {};
  if (!words || place < 0) return undefined;
  const value = argv[place]!.slice(flag.length + 1); // of --lr=0.1
  const line = [...argv.slice(0, place), ...words, ...(value ? [value] : []), ...argv.slice(place + 1)];
  return `${flag} is no option of \`${pathOf(command)}\`; ${told}:\n  vae ${line.join(" ")}`;
}

function renamed(command: Command, name: string): { words: readonly string[]; told: string } | undefined {
  for (const { flag, value } of flagsCalled(name)) {
    const option = command.options.find((option) => isCalled(option, flag));
    if (!option) continue;
    const words = [option.long!, ...(value === undefined ? [] : [value])];
    return { words, told: `here it is ${words.join(" ")}` };
  }
  const argument = argumentCalled(name);
  return command.registeredArguments.some((known) => known.name() === argument)
    ? { words: [], told: `the ${argument} is named without a flag` }
    : undefined;
}

/** By its whole name, or the last of its path: `weight-decay`. */
const isCalled = ({ long }: Option, flag: string) =>
  long === `--${flag}` || kebabCase(long?.split(".").at(-1) ?? "") === flag;

/** The command that a line is of. */
function commandOf(program: Command, argv: readonly string[]): Command {
  let command = program;
  for (const word of argv) {
    const next = command.commands.find((known) => known.name() === word);
    if (!next) break;
    command = next;
  }
  return command;
}

const pathOf = (command: Command): string =>
  command.parent ? `${pathOf(command.parent)} ${command.name()}` : command.name();
