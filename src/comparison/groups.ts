import { basename } from "node:path";
import type { FinishedRun } from "./readRun.ts";
import { foldOf } from "./settingsOf.ts";

/** What must be the same for two numbers to be ranked, with why. */
interface Aspect {
  of(run: FinishedRun): string;
  readonly differ: string;
}

const ASPECTS: readonly Aspect[] = [
  {
    of: ({ summary }) => summary.kindOf ?? "density",
    differ: "a loss is no log-probability, so it has no place beside densities",
  },
  {
    of: dataOf,
    differ: "they were measured on other data, which may be easier or harder",
  },
  {
    of: ({ summary }) => summary.baseMeasure,
    differ: "their base measures differ, and a density may exceed 1 where a probability cannot",
  },
  {
    of: ({ summary }) => summary.pixels,
    differ: "their pixels are coded differently, so that x is not the same",
  },
  {
    of: protocolOf,
    differ: "their numbers come from different protocols",
  },
];

/** Equal for runs that may be ranked against each other. */
export const groupOf = (run: FinishedRun): string => JSON.stringify(ASPECTS.map((aspect) => aspect.of(run)));

/** Why the runs of these groups are not ranked against each other, in a sentence; undefined where there is one group. */
export function whyApart(groups: readonly (readonly [FinishedRun, ...FinishedRun[]])[]): string | undefined {
  if (groups.length < 2) return undefined;
  const reasons = ASPECTS.filter((aspect) => new Set(groups.map(([run]) => aspect.of(run))).size > 1);
  return `The ${groups.length} groups are not ranked against each other: ${reasons.map(({ differ }) => differ).join("; ")}.`;
}

/**
 * The validation images, by which runs are ranked, and the test images beside them; by their bytes where those are known. Of a
 * table all of its splits, over which means are taken.
 */
export function dataOf({ config, record: { dataset } }: FinishedRun): string {
  const { splitHashes, hashes, counts, name } = dataset;
  if (config.dataset.name === "table") {
    const { target, validation, test, splitColumn, seed } = config.dataset;
    return JSON.stringify([name, Object.values(hashes ?? {}), target, validation, test, splitColumn, seed]);
  }
  return JSON.stringify(
    splitHashes ? [splitHashes.validation, splitHashes.test] : [name, counts.validation, counts.test, hashes],
  );
}

/** How the numbers came about, in short. */
export function protocolOf({ summary }: FinishedRun): string {
  return summary.protocol.split(";")[0]!;
}

/** What a run's numbers are means over. */
export const exampleOf = ({ config }: FinishedRun) => (config.dataset.name === "table" ? "row" : "image");

/** What was measured on, in short; of a table's splits the counts of the first. */
export function dataText(runs: readonly [FinishedRun, ...FinishedRun[]]): string {
  const [{ config, record }] = runs;
  const { name, counts, splitHashes } = record.dataset;
  const count = (split: "validation" | "test") => counts[split].toLocaleString("en-US");
  if (config.dataset.name === "table") {
    const { path, validation } = config.dataset;
    const folds = new Set(runs.map((run) => foldOf(run.config))).size;
    const held = validation === 0 ? "none held out for validation" : `${count("validation")} validation`;
    return `${basename(path)} (${held}, ${count("test")} test rows${folds > 1 ? ` of each of ${folds} splits` : ""})`;
  }
  const of = (split: "validation" | "test") =>
    `${count(split)} ${split}${splitHashes ? ` ${splitHashes[split].slice(0, 8)}` : ""}`;
  return `${name} (${of("validation")}, ${of("test")})`;
}
