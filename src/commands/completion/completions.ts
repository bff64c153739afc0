import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import type { Argument, Command, Option } from "commander";
import { aboutRecipe, recipes } from "../../config/recipes.ts";
import { settings, wordsOf } from "../../config/settings.ts";

/** Words that may come next, and whether paths may, which the shell knows. */
export interface Completions {
  readonly paths: "files" | "folders" | "none";
  readonly values: readonly { readonly value: string; readonly about: string }[];
}

/** How a line goes on whose words after `vae` are these, the last of which is to be completed and may be empty. */
export function completionsOf(program: Command, words: readonly string[]): Completions {
  // bash takes --flag=value apart into three words, and others leave it whole
  const apart = words.flatMap(
    (word) => /^(--[^=]+)=(.*)$/.exec(word)?.slice(1) ?? (word === "=" ? [] : [word]),
  );
  const whole = /^--[^=]+=/.exec(words.at(-1) ?? "")?.[0] ?? "";
  const before = words.at(-1) === "=" ? apart : apart.slice(0, -1);
  const start = words.at(-1) === "=" ? "" : (apart.at(-1) ?? "");
  const { paths, values } = nextOf(program, before, start);
  const fitting = values.filter(({ value }) => value.startsWith(start));
  return { paths, values: fitting.map(({ value, about }) => ({ value: whole + value, about })) };
}

function nextOf(program: Command, before: readonly string[], start: string): Completions {
  let command = program;
  let open: Option | undefined;
  let place = 0;
  for (const word of before) {
    if (open) open = undefined;
    else if (word.startsWith("-")) open = optionOf(command, word);
    else {
      const next = place === 0 ? commandIn(command, word) : undefined;
      if (next) command = next;
      else place++;
    }
  }
  if (open) return valuesOf(open);
  if (start.startsWith("-")) return only(flagsOf(command));
  const { registeredArguments: all } = command;
  const argument = all[place] ?? (all.at(-1)?.variadic ? all.at(-1) : undefined);
  const others = place === 0 ? namesIn(command) : [];
  if (!argument) return only(others);
  const { paths, values } = ofArgument(program, command, argument, before);
  return { paths, values: [...others, ...values] };
}

type Values = Completions["values"];

const only = (values: Values): Completions => ({ paths: "none", values });
const plain = (values: readonly string[]): Values => values.map((value) => ({ value, about: "" }));

const isShown = (command: Command) => !command.name().startsWith("__");

const commandIn = ({ commands }: Command, name: string) =>
  commands.find((command) => command.name() === name);

const namesIn = ({ commands }: Command): Values =>
  commands.filter(isShown).map((command) => ({
    value: command.name(),
    about: firstSentence(command.summary() || command.description()),
  }));

const firstSentence = (text: string) => text.split(/[.:;](?:\s|$)/)[0]!;

/** The option that takes the next word as its value. */
function optionOf({ options }: Command, flag: string): Option | undefined {
  const option = options.find(({ short, long }) => flag === short || flag === long);
  return option && !option.isBoolean() ? option : undefined;
}

const flagsOf = (command: Command): Values => [
  ...command
    .createHelp()
    .visibleOptions(command)
    .flatMap(({ long, description }) => (long ? [{ value: long, about: firstSentence(description) }] : [])),
];

function valuesOf(option: Option): Completions {
  const name = option.long?.slice(2);
  const setting = settings().find(({ flag, path }) => name === flag || name === path);
  const words = option.argChoices ?? (setting ? wordsOf(setting) : []);
  if (words.length > 0) return only(plain(words));
  return { paths: option.flags.includes("<folder>") ? "folders" : "files", values: [] };
}

/** What an argument of this name is, wherever there is one. */
function ofArgument(
  program: Command,
  command: Command,
  argument: Argument,
  before: readonly string[],
): Completions {
  if (argument.argChoices) return only(plain(argument.argChoices));
  switch (argument.name()) {
    case "run":
      return { paths: "folders", values: runs() };
    case "folder":
      return { paths: "folders", values: [] };
    case "config":
      return { paths: "files", values: [...(command.name() === "explain" ? runs() : []), ...named("train")] };
    case "file":
      return { paths: "files", values: [...named("sweep"), ...named("train")] };
    case "name":
      return command.name() === "recipes"
        ? only([...named("train"), ...named("sweep")])
        : { paths: "files", values: plain(wordsOf(settings().find(({ path }) => path === "dataset.name")!)) };
    case "command":
      return only(namesIn(before.slice(1).reduce((at, name) => commandIn(at, name) ?? at, program)));
    default:
      return { paths: "files", values: [] };
  }
}

const named = (command: "train" | "sweep"): Values =>
  recipes()
    .filter((recipe) => recipe.command === command)
    .map((recipe) => ({ value: recipe.name, about: aboutRecipe(recipe) }));

/** The runs where `vae train` puts them, by their record alone: reading it would take longer than people wait for a key. */
function runs(): Values {
  try {
    return plain(
      readdirSync("runs")
        .map((name) => join("runs", name))
        .filter((path) => existsSync(join(path, "run.json"))),
    );
  } catch {
    return []; // there is no such folder yet
  }
}
