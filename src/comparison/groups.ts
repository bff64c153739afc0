import type { FinishedRun } from "./readRun.ts";

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
    differ: "they were measured on other images, which may be easier or harder",
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

/** The validation images, by which runs are ranked, and the test images beside them; by their bytes where those are known. */
export function dataOf({ record: { dataset } }: FinishedRun): string {
  const { splitHashes, hashes, counts, name } = dataset;
  return JSON.stringify(
    splitHashes ? [splitHashes.validation, splitHashes.test] : [name, counts.validation, counts.test, hashes],
  );
}

/** How the numbers came about, in short. */
export function protocolOf({ summary }: FinishedRun): string {
  return summary.protocol.split(";")[0]!;
}

/** Of the test images, in short. */
export function dataText({ record: { dataset } }: FinishedRun): string {
  const { name, counts, splitHashes } = dataset;
  const of = (split: "validation" | "test") =>
    `${counts[split].toLocaleString("en-US")} ${split}${splitHashes ? ` ${splitHashes[split].slice(0, 8)}` : ""}`;
  return `${name} (${of("validation")}, ${of("test")})`;
}
