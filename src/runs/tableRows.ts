import type { Config } from "../config/schema.ts";
import type { Split } from "../data/dataset.ts";
import type { Field } from "../data/field.ts";
import { knownFeatures } from "../data/table/knownFeatures.ts";
import { readTable } from "../data/table/readTable.ts";
import {
  type BnnRunner,
  classProbabilities,
  momentsOf,
  predictRows,
  quantileOf,
} from "../evaluation/rowPredictions.ts";

const INTERVALS = [0.5, 0.9, 0.95];

/** Reads the rows of a file as a run reads them. */
export async function readRows(
  path: string,
  { fields: [x] }: { readonly fields: readonly Field[] },
  dataset: Config["dataset"],
  warn: (text: string) => void,
): Promise<Split> {
  const settings = dataset.name === "table" ? dataset : ({ header: "auto", delimiter: "auto" } as const);
  const table = await readTable(path, settings, warn);
  return { count: table.count, columns: { x: knownFeatures(table, x as Field & { kind: "real" }) } };
}

/** p(y|x) of each row as the cells of a table, in the units of the file. */
export async function* predictionCells(
  runner: BnnRunner,
  set: Split,
  draws: number,
): AsyncGenerator<Readonly<Record<string, number | string>>> {
  const { target } = runner.model;
  const name = target.valueNames?.[0] ?? target.name;
  let row = 0;
  for await (const prediction of predictRows(runner, set, draws)) {
    row++;
    if (target.kind === "class") {
      const probabilities = classProbabilities(prediction, target);
      const nameOf = (k: number) => target.classNames?.[k] ?? String(k);
      const best = probabilities.indexOf(Math.max(...probabilities));
      yield {
        row,
        [name]: nameOf(best),
        ...Object.fromEntries(probabilities.map((p, k) => [`p(${nameOf(k)})`, p])),
      };
      continue;
    }
    const { mean, total, noise, weights } = momentsOf(prediction);
    const intervals = INTERVALS.flatMap((share) => [
      [`low${100 * share}`, quantileOf(prediction, (1 - share) / 2)],
      [`high${100 * share}`, quantileOf(prediction, (1 + share) / 2)],
    ]);
    yield {
      row,
      [name]: mean,
      deviation: Math.sqrt(total),
      noise: Math.sqrt(noise),
      weights: Math.sqrt(weights),
      ...Object.fromEntries(intervals),
    };
  }
}
