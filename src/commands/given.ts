import { VaeError } from "../base/errors.ts";
import type { Observations } from "../evaluation/observations.ts";
import type { OpenedRun } from "../runs/experiment.ts";
import type { Given } from "../runs/given.ts";
import { withDataProgress } from "./withDataProgress.ts";

/** Reads a split of the data that a run was trained on, with progress. */
export const readSplitOf =
  (run: OpenedRun, datasetChanged: "accept" | undefined) =>
  async (split: "train" | "validation" | "test") => {
    const { readRunData } = await import("../runs/experiment.ts");
    const acceptsData = datasetChanged === "accept";
    const dataset = await withDataProgress((context) =>
      readRunData(run, [split], { ...context, acceptsData }),
    );
    return dataset[split];
  };

/** What a command line gives a conditional run. */
export async function givenFrom(
  run: OpenedRun,
  what: string,
  datasetChanged: "accept" | undefined,
): Promise<Given> {
  const { readGiven } = await import("../runs/given.ts");
  return readGiven(run, what, readSplitOf(run, datasetChanged));
}

/** More than so many rows no picture shows. */
const MAX_ROWS = 32;

export function checkRows({ set }: Observations): void {
  if (set.count <= MAX_ROWS) return;
  throw new VaeError(
    "usage",
    `${set.count} y are more than a picture shows. Accepted: up to ${MAX_ROWS}, such as test:0-${MAX_ROWS - 1}; ` +
      "`vae predict RUN INPUT -o FILE.npz` takes any number.",
  );
}
