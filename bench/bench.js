// npm run bench: how fast the training step is, ours on every backend beside PyTorch's. `--help` tells the rest.
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { availableParallelism, cpus, tmpdir } from "node:os";
import { join } from "node:path";
import { Command, Option } from "commander";
import { integerFrom } from "../dist/commands/shared.js";
import { generateDigits } from "../dist/data/digits.js";
import { engineNames, nameOf, variants } from "./engines.js";
import { goalsTable, reached } from "./goals.js";
import { measureRow } from "./measureRow.js";
import { configOf, modelNames, rows, TEST_IMAGES, tasks } from "./models.js";
import { jsonOf, resultsOf } from "./results.js";
import { resultsTable } from "./table.js";
import { compareWholeRuns } from "./whole.js";

const note = (text) => process.stderr.write(`${text}\n`);

const seconds = (text) => {
  const value = Number(text);
  if (!(value > 0)) throw new Error(`--seconds takes a number above 0, not ${text}.`);
  return value;
};

const options = new Command("npm run bench --")
  .description(
    "Times one training step of each engine on the same model and the same batch. Every engine runs in a process of " +
      "its own, built and warm, and they take turns, round after round, so that a machine that slows down or is busy " +
      "does it to all alike: trust the ratios more than the milliseconds. PyTorch takes part where python3 has torch; " +
      "VAE_BENCH_PYTHON names another interpreter, such as that of a virtual environment.",
  )
  .option("--quick", "784-400-20 at batch 128 only, the main engines, few rounds: under a minute")
  .addOption(new Option("--rows <task...>", "what to time").choices(tasks))
  .addOption(new Option("--models <name...>", "only these models").choices(modelNames))
  .addOption(new Option("--engines <name...>", "only these engines").choices(engineNames))
  .addOption(
    new Option("--steps <kind...>", "only these kinds of step").choices([
      "eager",
      "recorded",
      "fused",
      "compiled",
    ]),
  )
  .option("--batch <size>", "only the rows with this batch", integerFrom(1))
  .option("--rounds <count>", "turns of each engine (default: 10, quick: 4)", integerFrom(1))
  .option("--seconds <time>", "length of a turn (default: 0.5, quick: 0.3)", seconds)
  .option(
    "--threads <count>",
    "processor threads of each engine (the stock wasm package has one)",
    integerFrom(1),
    2,
  )
  .option(
    "--json",
    "print an array instead of the table: model, batch, engine, step, msPerStep, imagesPerSecond, ...",
  )
  .option("--whole", "instead: whole runs on MNIST, `vae train` against a PyTorch script with the same work")
  .option("--epochs <count>", "with --whole: epochs of each run", integerFrom(1), 10)
  .addHelpText(
    "after",
    `
The columns: ms/step is the median over all rounds and 10-90 % the range without the extreme tenths; x torch eager is the
median over the rounds of the quotient with PyTorch as it comes (below 1 is faster); peak MiB is resident memory.
Each step takes batch and noise from arrays of the host and reads the loss, as a trainer does; no data is prepared in it.

Examples:
  npm run bench -- --quick
  npm run bench -- --engines tensorflow torch --models conv
  npm run bench -- --engines wasm wasm-stock --rows step --batch 128 --rounds 20
  VAE_BENCH_PYTHON=~/torch/bin/python npm run --silent bench -- --json > bench.json
  npm run bench -- --whole --epochs 3 --rounds 2`,
  )
  .parse()
  .opts();

if (options.whole) await compareWholeRuns(options, note);
else await compareSteps();

async function compareSteps() {
  const { quick, json, threads } = options;
  const has = (list, value) => list === undefined || list.includes(value);
  const chosenRows = rows.filter(
    (row) =>
      (!quick || row.quick) &&
      has(options.rows, row.task) &&
      has(options.models, row.model) &&
      (options.batch === undefined || options.batch === row.batch),
  );
  const chosen = variants.filter(
    (variant) =>
      // Engines that are asked for by name take part in a quick run too.
      (!quick || variant.quick || options.engines) &&
      has(options.engines, variant.engine) &&
      has(options.steps, variant.step),
  );
  note(
    `${cpus()[0]?.model.trim() ?? process.arch}, ${availableParallelism()} cores; ${threads} threads for each engine`,
  );

  const folder = mkdtempSync(join(tmpdir(), "vae-bench-"));
  const images = join(folder, "images");
  writeFileSync(images, generateDigits({ seed: 0, split: "test", count: TEST_IMAGES }).pixels);
  const failures = new Map();
  const results = [];
  const goals = [];
  try {
    for (const row of chosenRows) {
      const able = chosen.filter(
        (variant) =>
          variant.tasks.includes(row.task) &&
          has(variant.models, row.model) &&
          !failures.has(nameOf(variant)), // what does not start once is not tried again
      );
      const measured = await measureRow(row, able, {
        config: configOf(row.model),
        images,
        threads,
        rounds: options.rounds ?? (quick ? 4 : 10),
        seconds: options.seconds ?? (quick ? 0.3 : 0.5),
        failed: (variant, reason) => {
          failures.set(nameOf(variant), reason);
          note(`  without ${nameOf(variant)}: ${reason}`);
        },
        note,
      });
      results.push(...resultsOf(row, measured));
      goals.push(...reached(row, new Map(measured.map(({ variant, rounds }) => [nameOf(variant), rounds]))));
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
  if (json) console.log(JSON.stringify(jsonOf(results), null, 1));
  else {
    console.log(resultsTable(results));
    if (goals.length > 0) console.log(`\nAs the goals have it:\n\n${goalsTable(goals)}`);
  }
}
