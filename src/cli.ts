import { readFileSync } from "node:fs";
import { Command, CommanderError } from "commander";
import { type ErrorCode, VaeError } from "./base/errors.ts";
import { dataCommand } from "./commands/data.ts";
import { doctorCommand } from "./commands/doctor.ts";
import { evaluateCommand } from "./commands/evaluate.ts";
import { explainCommand } from "./commands/explain.ts";
import { reconstructCommand } from "./commands/reconstruct.ts";
import { sampleCommand } from "./commands/sample.ts";
import { setupCommand } from "./commands/setup.ts";
import { trainCommand } from "./commands/train.ts";

const EXIT_CODES: Record<ErrorCode, number> = { failure: 1, usage: 2, diverged: 3, interrupted: 130 };

/** From package.json, the only place that says it. */
function version(): string {
  return JSON.parse(readFileSync(new URL("../package.json", import.meta.url), "utf8")).version;
}

/** A fresh parser with all commands; tests call `parseAsync` on it. */
export function createProgram(): Command {
  const program = new Command("vae")
    .version(version(), "-V, --version", "the version")
    .description(
      "Train variational autoencoders from the command line.\n" +
        "A reconstruction loss is a likelihood: name the likelihood, and the loss, its constant and its units follow.",
    )
    .addHelpText(
      "after",
      "\nStart here:\n" +
        "  vae train --likelihood gaussian     train on the built-in digits\n" +
        "  vae sample runs/digits-gaussian     draw new ones\n" +
        "\nExit codes: 0 done, 1 expected failure, 2 wrong usage or configuration, 3 training diverged, 130 interrupted.",
    );
  for (const command of [
    trainCommand(),
    sampleCommand(),
    reconstructCommand(),
    evaluateCommand(),
    explainCommand(),
    dataCommand(),
    doctorCommand(),
    setupCommand(),
  ]) {
    program.addCommand(command);
  }
  for (const command of [program, ...program.commands.flatMap((c) => [c, ...c.commands])]) {
    command.exitOverride().showSuggestionAfterError().helpCommand(false);
    command.configureHelp({ sortOptions: false, showGlobalOptions: false });
  }
  return program;
}

/** Runs one command line and says with which code to exit; the only place that knows exit codes. */
export async function main(argv: readonly string[]): Promise<number> {
  const lost = watchPipes();
  try {
    await createProgram().parseAsync(argv, { from: "user" });
    return lost() ? EXIT_CODES.failure : 0;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : EXIT_CODES.usage; // it has printed its text
    if (!(error instanceof VaeError)) throw error;
    process.stderr.write(`${error.code === "interrupted" ? "" : "Error: "}${error.message}\n`);
    return EXIT_CODES[error.code];
  }
}

/** Nobody who stops listening ends the work: notes are lost then, and a result that could not be written is a failure. */
function watchPipes(): () => boolean {
  let isLost = false;
  process.stderr.on("error", () => {});
  process.stdout.on("error", () => {
    isLost = true;
  });
  return () => isLost;
}
