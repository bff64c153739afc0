import { readFileSync } from "node:fs";
import { Command, Help } from "commander";
import { aboutRecipe, configFile, recipes } from "../config/recipes.ts";
import { jsonOption, result } from "./shared.ts";

export function recipesCommand(): Command {
  return new Command("recipes")
    .description("The configurations and sweeps that come along, which other commands take by name.")
    .argument("[name]", "print this one, to start a file of your own from")
    .addOption(jsonOption())
    .addHelpText(
      "after",
      "\nExamples:\n" +
        "  vae train quick\n" +
        "  vae sweep beta --jobs 2\n" +
        "  vae explain mnist-gaussian\n" +
        "  vae recipes quick > mine.yaml && vae train mine.yaml\n" +
        "\nA file of the same name, in the folder where you are, comes first.",
    )
    .action((name: string | undefined, { json }: { json?: true }) => {
      if (name !== undefined) return print(configFile(name, "sweep"), json);
      const all = recipes().map((recipe) => ({ ...recipe, about: aboutRecipe(recipe) }));
      result(json ? JSON.stringify({ recipes: all }) : listed(all));
    });
}

function print(file: string, json: true | undefined): void {
  const text = readFileSync(file, "utf8");
  result(json ? JSON.stringify({ file, text }) : text.trimEnd());
}

function listed(all: readonly { name: string; command: string; about: string }[]): string {
  const width = Math.max(...all.map(({ name }) => name.length));
  const help = new Help();
  help.prepareContext({ helpWidth: Math.min(100, process.stdout.columns ?? 80) });
  const section = (command: string) => [
    `vae ${command} NAME`,
    ...all
      .filter((recipe) => recipe.command === command)
      .map(({ name, about }) => help.formatItem(name, width, about, help)),
  ];
  return [...section("train"), "", ...section("sweep")].join("\n");
}
