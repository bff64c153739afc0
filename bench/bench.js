// npm run bench: how fast a training step is, ours on every backend beside PyTorch's. `--help` tells the rest.
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { generateDigits } from "../dist/data/digits.js";
import { parseCommandLine } from "./commandLine.js";
import { nameOf } from "./engines.js";
import { goalsTable, reached } from "./goals.js";
import { machine } from "./machine.js";
import { measureRow } from "./measureRow.js";
import { configOf, TEST_IMAGES } from "./models.js";
import { jsonOf, resultsOf } from "./results.js";
import { chosenRows, chosenVariants } from "./selection.js";
import { resultsTable } from "./table.js";
import { wholeRunData } from "./wholeRun.js";

const note = (text) => process.stderr.write(`${text}\n`);

const options = parseCommandLine();
const { device, quick, json, output, epochs, interval, threads, budget } = options;
const { rounds = quick ? 4 : 10, seconds = quick ? 0.3 : 0.5 } = options;
const host = machine();
note(`${host.processor}, ${host.cores} cores; ${threads} threads per engine`);
if (host.card !== null) note(`${host.card}, driver ${host.driver}`);

const end = budget === undefined ? Number.POSITIVE_INFINITY : performance.now() + 1000 * budget;
const shareOf = ({ share = 1 }) => share;

const folder = mkdtempSync(join(tmpdir(), "vae-bench-"));
const images = join(folder, "images");
const failed = new Set();
const engines = new Map();
const skipped = [];
const results = [];
const goals = [];
try {
  writeFileSync(images, generateDigits({ seed: 0, split: "test", count: TEST_IMAGES }).columns.x);
  const rows = chosenRows(options);
  const data = rows.some(({ task }) => task === "whole") ? await wholeRunData() : undefined;
  for (const [i, row] of rows.entries()) {
    // What has failed with a model is not tried with it again.
    const trial = (variant) => `${nameOf(variant)}, ${row.model}`;
    const variants = chosenVariants(options, row).filter((variant) => !failed.has(trial(variant)));
    note(`${row.task}, ${row.model}, batch ${row.batch}: ${variants.map(nameOf).join(", ")}`);
    const left = rows.slice(i).reduce((sum, row) => sum + shareOf(row), 0);
    const deadline = performance.now() + (Math.max(0, end - performance.now()) * shareOf(row)) / left;
    const intervals = device === "gpu" && row.task === "step" ? [1, interval] : [1];
    const measured = await measureRow(row, variants, {
      job: { config: configOf(row.model), images, data, threads, device, epochs, intervals, deadline },
      rounds: row.task === "whole" ? (options.rounds ?? 1) : rounds,
      seconds,
      atOnce: device === "gpu" && variants.length <= host.cores,
      started(variant, description) {
        if (description === undefined || engines.get(nameOf(variant)) === description) return;
        engines.set(nameOf(variant), description);
        note(`  ${nameOf(variant)}: ${description}`);
      },
      failed(variant, reason, onlyHere) {
        if (!onlyHere) failed.add(trial(variant));
        skipped.push({ engine: nameOf(variant), model: row.model, batch: row.batch, task: row.task, reason });
        note(`  without ${nameOf(variant)}: ${reason}`);
      },
    });
    for (const [n, inTurns] of measured.entries()) {
      const task = intervals[n] === 1 ? row.task : "throughput";
      const shown = { ...row, task, interval: intervals[n], epochs, dataset: data?.dataset };
      results.push(...resultsOf(shown, inTurns));
      const roundsOf = new Map(inTurns.map(({ variant, rounds }) => [nameOf(variant), rounds]));
      goals.push(...reached(shown, roundsOf, device));
    }
  }
} finally {
  rmSync(folder, { recursive: true, force: true });
}

if (output !== undefined) {
  const report = {
    date: new Date().toISOString(),
    device,
    machine: host,
    engines: Object.fromEntries(engines),
  };
  writeFileSync(output, `${JSON.stringify({ ...report, results, goals, skipped }, null, 1)}\n`);
}
if (json) console.log(JSON.stringify(jsonOf(results), null, 1));
else if (results.length === 0) console.log("Nothing was measured.");
else {
  console.log(resultsTable(results));
  if (goals.length > 0) console.log(`\n${goalsTable(goals)}`);
  if (device === "gpu") console.log(`\n${[...whereItRan(), ...whatIsMissing()].join("\n")}`);
}
if (results.length === 0) process.exitCode = 1;

/** The card, and what each engine says that it ran on: software in place of a card is told there. */
function whereItRan() {
  const card = host.card === null ? [] : [`${host.card}, driver ${host.driver}`];
  return [...card, ...[...engines].map(([name, description]) => `${name}: ${description}`)].map(
    (line) => `- ${line}`,
  );
}

function whatIsMissing() {
  return skipped.map(
    ({ engine, model, batch, task, reason }) =>
      `- without ${engine}, ${task} of ${model} at ${batch}: ${reason}`,
  );
}
