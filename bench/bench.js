// npm run bench: how fast a training step is, ours on every backend beside PyTorch's. `--help` tells the rest.
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { availableParallelism, cpus, tmpdir } from "node:os";
import { join } from "node:path";
import { generateDigits } from "../dist/data/digits.js";
import { parseCommandLine } from "./commandLine.js";
import { nameOf } from "./engines.js";
import { goalsTable, reached } from "./goals.js";
import { measureRow } from "./measureRow.js";
import { configOf, TEST_IMAGES } from "./models.js";
import { jsonOf, resultsOf } from "./results.js";
import { chosenRows, chosenVariants } from "./selection.js";
import { resultsTable } from "./table.js";

const note = (text) => process.stderr.write(`${text}\n`);

const options = parseCommandLine();
const { quick, whole, json, epochs, threads } = options;
const { rounds = whole ? 1 : quick ? 4 : 10, seconds = quick ? 0.3 : 0.5 } = options;
note(
  `${cpus()[0]?.model.trim() ?? process.arch}, ${availableParallelism()} cores; ${threads} threads per engine`,
);

const folder = mkdtempSync(join(tmpdir(), "vae-bench-"));
const images = join(folder, "images");
const failed = new Set();
const results = [];
const goals = [];
try {
  writeFileSync(images, generateDigits({ seed: 0, split: "test", count: TEST_IMAGES }).columns.x);
  for (const row of chosenRows(options)) {
    // What has failed with a model is not tried with it again.
    const trial = (variant) => `${nameOf(variant)}, ${row.model}`;
    const variants = chosenVariants(options, row).filter((variant) => !failed.has(trial(variant)));
    note(`${row.task}, ${row.model}, batch ${row.batch}: ${variants.map(nameOf).join(", ")}`);
    const measured = await measureRow(row, variants, {
      job: { config: configOf(row.model), images, threads, epochs },
      rounds,
      seconds,
      failed(variant, reason) {
        failed.add(trial(variant));
        note(`  without ${nameOf(variant)}: ${reason}`);
      },
    });
    results.push(...resultsOf(row, measured));
    goals.push(...reached(row, new Map(measured.map(({ variant, rounds }) => [nameOf(variant), rounds]))));
  }
} finally {
  rmSync(folder, { recursive: true, force: true });
}

if (json) console.log(JSON.stringify(jsonOf(results), null, 1));
else if (results.length === 0) console.log("Nothing was measured.");
else {
  console.log(resultsTable(results));
  if (goals.length > 0) console.log(`\n${goalsTable(goals)}`);
}
if (results.length === 0) process.exitCode = 1;
