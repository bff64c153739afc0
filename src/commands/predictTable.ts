import { counted } from "../base/counted.ts";
import { VaeError } from "../base/errors.ts";
import type { Bnn } from "../model/bnn.ts";
import type { OpenedRun } from "../runs/experiment.ts";
import { describeRun, note, result, tell } from "./shared.ts";

interface Options {
  readonly samples?: number;
  readonly output?: string;
  readonly json?: boolean;
  readonly checkpoint: "last" | "best";
}

/** `vae predict` of a Bayesian network: rows of a file, to lines of predictions. */
export async function predictTable(
  run: OpenedRun & { readonly model: Bnn },
  input: string,
  options: Options,
): Promise<void> {
  const { createRunner } = await import("../evaluation/runner.ts");
  const { DEFAULT_WEIGHT_DRAWS } = await import("../evaluation/rowPredictions.ts");
  const { predictionCells, readRows } = await import("../runs/tableRows.ts");
  const { csvLine } = await import("../base/textFormats.ts");
  const { writeFileAtomic } = await import("../base/atomicFile.ts");
  const { output, samples = DEFAULT_WEIGHT_DRAWS } = options;
  if (output !== undefined && !/\.csv$/.test(output)) {
    throw new VaeError("usage", `-o ${output}: accepted of a table are names that end in .csv.`);
  }
  const runner = createRunner(run.model, { record: false, note });
  const set = await readRows(input, run.model, run.config.dataset, note);
  const rows = [];
  for await (const cells of predictionCells(runner, set, samples)) rows.push(cells);
  runner.dispose();
  const told = (cell: number | string) => (typeof cell === "number" ? Number(cell.toPrecision(7)) : cell);
  const lines = [Object.keys(rows[0]!), ...rows.map((row) => Object.values(row).map(told))].map(csvLine);
  if (output !== undefined) await writeFileAtomic(output, `${lines.join("\n")}\n`);
  if (options.json) {
    result(
      JSON.stringify({ ...(output !== undefined && { file: output }), count: set.count, samples, rows }),
    );
  } else if (output === undefined) {
    for (const line of lines) tell(line);
  } else {
    tell(
      `${output}: p(y|x) of ${counted(set.count, "row")}, ${counted(samples, "draw")} of the weights, by ${describeRun(run, options.checkpoint)}`,
    );
  }
}
