import { VaeError } from "../base/errors.ts";
import type { Split } from "../data/dataset.ts";
import type { Encodings } from "../evaluation/encodings.ts";
import type { SplitName } from "../evaluation/summary.ts";
import type { Vae } from "../model/vae.ts";
import type { OpenedRun } from "../runs/experiment.ts";
import type { Given } from "../runs/given.ts";
import { readSplitOf } from "./given.ts";
import { note, openRun, type RunOptions } from "./shared.ts";

/** A run of a model with z. */
export type LatentRun = OpenedRun & { readonly model: Vae };

/** Opens a run, which must have latents. */
export async function openLatentRun(path: string, options: RunOptions): Promise<LatentRun> {
  const run = await openRun(path, options);
  const { hasLatents } = await import("../model/vae.ts");
  const { model } = run;
  if (hasLatents(model)) return { ...run, model };
  const { kind } = run.config.model;
  const instead =
    kind === "bnn"
      ? `what it infers are its weights. \`vae predict ${path} FILE.csv\` predicts, \`vae explain ${path}\` tells of the weights`
      : `it predicts x from y alone. \`vae predict ${path} test:0-7\` does that`;
  throw new VaeError("usage", `${path} is a run of model.kind ${kind}, which has no latent z: ${instead}.`);
}

/** What the posterior makes of some examples; z belongs to the place among them. */
export async function encodingsOf({ model, coding }: LatentRun, set: Split): Promise<Encodings> {
  const { createRunner } = await import("../evaluation/runner.ts");
  const { encodeSplit } = await import("../evaluation/encodings.ts");
  const runner = createRunner(model, { record: false, note });
  try {
    return await encodeSplit(runner, set, coding);
  } finally {
    runner.dispose();
  }
}

interface Asked {
  readonly split: SplitName;
  readonly datasetChanged?: "accept";
}

/** The examples that a command line names, or a whole split. */
export async function examplesOf(
  run: LatentRun,
  what: string | undefined,
  { split, datasetChanged }: Asked,
): Promise<Given> {
  const { readExamples } = await import("../runs/given.ts");
  const readSplit = readSplitOf(run, datasetChanged);
  if (what !== undefined) return readExamples(run, what, readSplit);
  return { observations: { set: await readSplit(split), names: [] }, told: `the ${split} split` };
}

/** What the prior and the posterior of a run are, in words. */
export function densitiesOf({ config }: LatentRun): { readonly prior: string; readonly posterior: string } {
  const { model } = config;
  return "prior" in model
    ? { prior: model.prior.kind, posterior: model.posterior.kind }
    : { prior: "standardNormal", posterior: "diagonalGaussian" };
}
