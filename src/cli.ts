import { readFileSync } from "node:fs";
import { setTimeout as pause } from "node:timers/promises";
import { Command, CommanderError } from "commander";
import { type ErrorCode, VaeError } from "./base/errors.ts";
import { anyFileError, fileError } from "./base/fileErrors.ts";
import { memoryError } from "./base/memoryErrors.ts";
import { compareCommand } from "./commands/compare.ts";
import { completeCommand, completionCommand } from "./commands/completion.ts";
import { dataCommand } from "./commands/data.ts";
import { decodeCommand } from "./commands/decode.ts";
import { doctorCommand } from "./commands/doctor.ts";
import { encodeCommand } from "./commands/encode.ts";
import { evaluateCommand } from "./commands/evaluate.ts";
import { explainCommand } from "./commands/explain.ts";
import { exploreCommand } from "./commands/explore.ts";
import { exportCommand } from "./commands/export.ts";
import { helpCommand } from "./commands/help.ts";
import { interpolateCommand } from "./commands/interpolate.ts";
import { latentsCommand } from "./commands/latents.ts";
import { manifoldCommand } from "./commands/manifold.ts";
import { predictCommand } from "./commands/predict.ts";
import { recipesCommand } from "./commands/recipes.ts";
import { reconstructCommand } from "./commands/reconstruct.ts";
import { reportCommand } from "./commands/report.ts";
import { sampleCommand } from "./commands/sample.ts";
import { setupCommand } from "./commands/setup.ts";
import { note } from "./commands/shared.ts";
import { sweepCommand } from "./commands/sweep.ts";
import { trainCommand } from "./commands/train.ts";
import { traverseCommand } from "./commands/traverse.ts";
import { unknownOption } from "./commands/unknownOption.ts";
import { defectReport } from "./reporting/defectReport.ts";
import { formatItem, writeHelp } from "./reporting/helpLayout.ts";

const EXIT_CODES: Record<ErrorCode, number> = { failure: 1, usage: 2, diverged: 3, interrupted: 130 };

/** So that scripts tell a defect from an expected failure: EX_SOFTWARE of sysexits.h. */
const DEFECT = 70;

/** From package.json, the only place that says it. */
function version(): string {
  return JSON.parse(readFileSync(new URL("../package.json", import.meta.url), "utf8")).version;
}

/** A fresh parser with all commands; tests call `parseAsync` on it. */
export function createProgram(): Command {
  const program = new Command("vae")
    .version(version(), "-V, --version", "the version")
    .enablePositionalOptions() // a command inside another has options of the same names
    .description(
      "Train variational autoencoders from the command line.\n" +
        "A reconstruction loss is a likelihood: name the likelihood, and the loss, its constant and its units follow.",
    )
    .addHelpText(
      "after",
      "\nStart here:\n" +
        "  vae train --likelihood gaussian     train on the built-in digits\n" +
        "  vae sample runs/digits-gaussian     draw new ones\n" +
        "\nExit codes: 0 done, 1 expected failure, 2 wrong usage or configuration, 3 training diverged, 70 a defect of vae,\n" +
        "130 interrupted (Ctrl-C, SIGTERM, SIGHUP): training has then saved a checkpoint.",
    );
  for (const command of [
    trainCommand(),
    sampleCommand(),
    predictCommand(),
    reconstructCommand(),
    interpolateCommand(),
    traverseCommand(),
    manifoldCommand(),
    latentsCommand(),
    encodeCommand(),
    decodeCommand(),
    evaluateCommand(),
    compareCommand(),
    reportCommand(),
    sweepCommand(),
    explainCommand(),
    exportCommand(),
    exploreCommand(),
    recipesCommand(),
    dataCommand(),
    doctorCommand(),
    setupCommand(),
    completionCommand(),
    helpCommand(program),
  ]) {
    program.addCommand(command);
  }
  program.addCommand(completeCommand(program), { hidden: true });
  for (const command of [program, ...program.commands.flatMap((c) => [c, ...c.commands])]) {
    command.exitOverride().showSuggestionAfterError().helpCommand(false);
    command.configureOutput({ outputError: () => {}, writeOut: writeHelp }); // `main` tells errors
    command.configureHelp({ sortOptions: false, showGlobalOptions: false, formatItem });
  }
  return program;
}

/** Runs one command line and says with which code to exit; the only place that knows exit codes. */
export async function main(argv: readonly string[]): Promise<number> {
  const output = watchOutput();
  const uncaught = watchUncaught();
  const program = createProgram();
  try {
    await Promise.race([program.parseAsync(argv, { from: "user" }), uncaught.thrown]);
    await output.written();
    return 0;
  } catch (error) {
    if (error instanceof CommanderError) {
      if (error.exitCode === 0) return 0; // help, which is printed
      note(wrongUsage(error, program, argv));
      return EXIT_CODES.usage;
    }
    const expected = expectedFailure(error);
    if (!expected) {
      note(defectReport(error, version(), argv));
      return DEFECT;
    }
    note(`${expected.code === "interrupted" ? "" : "Error: "}${expected.message}`);
    return EXIT_CODES[expected.code];
  } finally {
    await output.told();
    uncaught.stop();
  }
}

/** A command line that cannot be read, with the name that is right here of an option that another program has. */
function wrongUsage({ code, message }: CommanderError, program: Command, argv: readonly string[]): string {
  const option = code === "commander.unknownOption" && /'([^']+)'/.exec(message)?.[1];
  const known = option && unknownOption(program, argv, option);
  return known ? `Error: ${known}` : message.replace(/^error: /, "Error: ");
}

/** What is not a defect of this program: told by it, refused by the system, or too large for the machine. */
const expectedFailure = (error: unknown) =>
  error instanceof VaeError ? error : (memoryError(error) ?? anyFileError(error));

/** Notes are for people: at the end, nobody who does not read them holds up the process for longer. */
const NOTES_MS = 500;

/** Nobody who stops listening ends the work: notes are lost then, and a result that could not be written is a failure. */
function watchOutput() {
  process.stderr.on("error", () => {});
  process.stdout.on("error", () => {});
  const written = (stream: NodeJS.WriteStream) =>
    new Promise<Error | null | undefined>((resolve) => stream.write("", resolve));
  return {
    /** Waits for whoever reads the results, and throws if they are lost. */
    async written() {
      const error = await written(process.stdout);
      if (error) throw fileError("Cannot write the result to stdout", process.stdout.errored ?? error);
    },
    /** Waits a little for whoever reads the notes. */
    told: () => Promise.race([written(process.stderr), pause(NOTES_MS)]),
  };
}

/** What was thrown where nobody waits for it. */
function watchUncaught() {
  let onUncaught = (_: unknown) => {};
  const thrown = new Promise<never>((_, reject) => {
    onUncaught = reject;
  });
  thrown.catch(() => {});
  process.on("uncaughtException", onUncaught);
  return { thrown, stop: () => process.off("uncaughtException", onUncaught) };
}
