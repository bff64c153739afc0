import { Command, InvalidArgumentError, Option } from "commander";
import { integerFrom } from "../dist/commands/shared.js";
import { engineNames, stepKinds } from "./engines.js";
import { modelNames, tasks } from "./models.js";

/** The options of `npm run bench`. */
export const parseCommandLine = () =>
  new Command("npm run bench --")
    .description(
      "Times one training step of each engine on the same model and the same batch. Every engine runs in a process " +
        "of its own, built and warm, and they take turns, round after round, so that a machine that slows down or is " +
        "busy does it to all alike: trust the ratios more than the milliseconds. PyTorch takes part where python3 has " +
        "torch; VAE_BENCH_PYTHON names another interpreter, such as that of a virtual environment.",
    )
    .addOption(
      new Option("--device <device>", "gpu: on a graphics card, with PyTorch on CUDA beside it")
        .choices(["cpu", "gpu"])
        .default("cpu"),
    )
    .option("--quick", "784-400-20 at batch 128 only, the main engines, few rounds: under a minute")
    .option(
      "--whole",
      "instead: whole runs on MNIST (the built-in digits without it), `vae train` against a PyTorch script with the same work",
    )
    .addOption(
      new Option("--rows <task...>", "what to time (default: all but whole runs; on a gpu: step)").choices(
        tasks,
      ),
    )
    .addOption(new Option("--models <name...>", "only these models").choices(modelNames))
    .addOption(new Option("--engines <name...>", "only these engines").choices(engineNames))
    .addOption(new Option("--steps <kind...>", "only these kinds of step").choices(stepKinds))
    .option("--batch <size>", "only the rows with this batch", integerFrom(1))
    .option(
      "--rounds <count>",
      "turns of each engine (default: 10, with --quick 4, of whole runs 1)",
      integerFrom(1),
    )
    .option("--seconds <time>", "length of a turn (default: 0.5, with --quick 0.3)", seconds)
    .option("--epochs <count>", "epochs of a whole run", integerFrom(1), 10)
    .option("--interval <steps>", "on a gpu: steps between two reads of the loss", integerFrom(2), 50)
    .option("--budget <time>", "seconds that all may take: rows are cut short rather than overrun", seconds)
    .option("--threads <count>", "threads of each engine (the stock wasm package has one)", integerFrom(1), 2)
    .option("--output <file>", "write machine, engines, results, goals and what was skipped as JSON")
    .option("--json", "print an array of { model, batch, engine, step, msPerStep, imagesPerSecond, ... }")
    .addHelpText("after", HELP)
    .parse()
    .opts();

const HELP = `
The columns: ms/step is the median over all rounds, 10-90 % the range without the extreme tenths; x torch eager is the
median over the rounds of the quotient with PyTorch as it comes (below 1 is faster); peak MiB is resident memory.
A step takes batch and noise from arrays of the host and reads the loss, as a trainer does; no data is prepared in it.
On a gpu there is a second row for each, in which the loss is read after every 50 steps, as vae train does.
What was reached of the project's goals stands below the table; undisturbed there compares the fastest tenths.

Examples:
  npm run bench -- --quick
  npm run bench -- --engines tensorflow torch --models conv
  npm run bench -- --engines wasm wasm-stock --rows step --batch 128 --rounds 20
  VAE_BENCH_PYTHON=~/torch/bin/python npm run --silent bench -- --json > bench.json
  npm run bench -- --device gpu --models conv
  VAE_DATA_DIR=~/data npm run bench -- --whole --epochs 3 --rounds 2`;

function seconds(text) {
  const value = Number(text);
  if (!(value > 0)) throw new InvalidArgumentError("It must be a number above 0.");
  return value;
}
