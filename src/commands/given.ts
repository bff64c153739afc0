import { VaeError } from "../base/errors.ts";
import type { OpenedRun } from "../runs/experiment.ts";
import type { GivenInput } from "../runs/givenInput.ts";
import { withDataProgress } from "./withDataProgress.ts";

/** What a command says of y: places in a split, classes, or a file. */
export async function readGiven(
  run: OpenedRun,
  what: string | undefined,
  datasetChanged: "accept" | undefined,
): Promise<GivenInput> {
  const { classesOf, examplesOf, fileInput, notUnderstood, splitOf } = await import("../runs/givenInput.ts");
  const { readRunData } = await import("../runs/experiment.ts");
  if (!run.model.given) {
    throw new VaeError(
      "usage",
      `${run.folder.path} has no condition: nothing is given. It was trained without condition.kind, and draws from p(x).`,
    );
  }
  const isClass = run.model.given.kind === "class";
  const places = what ?? (isClass ? undefined : "test:0-7");
  const split = places === undefined ? undefined : splitOf(places);
  if (split) {
    const acceptsData = datasetChanged === "accept";
    const dataset = await withDataProgress((context) =>
      readRunData(run, [split], { ...context, acceptsData }),
    );
    return examplesOf(run, dataset, places!);
  }
  if (isClass && (places === undefined || /^[\d,-]+$/.test(places))) return classesOf(run, places);
  if (places !== undefined && /\.(png|npz)$/i.test(places)) return fileInput(run, places);
  throw notUnderstood(String(what));
}
