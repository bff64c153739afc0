import { readFileSync } from "node:fs";
import { isDeepStrictEqual } from "node:util";
import { VaeError } from "../base/errors.ts";
import { loadConfig, type Overrides } from "../config/load.ts";
import type { Config } from "../config/schema.ts";
import { settings, valueAt } from "../config/settings.ts";
import { settle } from "./experiment.ts";
import type { RunSummary } from "./run.ts";
import { RunFolder } from "./runFolder.ts";

/** What `vae train` is to do with its folder. */
export type RunPlan =
  | { readonly kind: "finished"; readonly folder: RunFolder; readonly summary: RunSummary }
  | {
      readonly kind: "train";
      readonly config: Config;
      readonly resume: boolean;
      /** Takes the folder; not before data and model are there, so that a failure leaves no empty run. */
      readonly open: () => RunFolder;
    };

/** Settings that a resumed run may change: they do not alter what was computed so far. */
const CHANGEABLE = [
  "training.epochs",
  "training.earlyStopping",
  "training.previewEvery",
  "training.step",
  "backend",
  "device",
  "threads",
];

/**
 * Decides from the folder's state: a new run, the rest of an interrupted one, or nothing because it is finished.
 * A run is never overwritten without `overwrite`, and never continued with settings that it was not started with.
 */
export function planRun(
  file: string | undefined,
  overrides: Overrides,
  { out, overwrite = false, resume = false }: { out?: string; overwrite?: boolean; resume?: boolean },
): RunPlan {
  if (overwrite && resume)
    throw new VaeError("usage", "--overwrite starts anew and --resume goes on; give one of them.");
  if (resume && out === undefined) {
    throw new VaeError("usage", "--resume needs --out, the folder of the run to go on with.");
  }
  const existing = out !== undefined && !overwrite && RunFolder.exists(out) ? RunFolder.open(out) : undefined;
  if (!existing) {
    const config = settle(loadConfig(file, overrides));
    const name = `${config.dataset.name}-${config.likelihood.kind}`;
    const path = out === undefined ? {} : { path: out };
    return {
      kind: "train",
      config,
      resume: false,
      open: () => RunFolder.create({ ...path, name, overwrite }),
    };
  }
  const saved = loadConfig(existing.config);
  const config = settle(loadConfig(file ?? existing.config, overrides));
  const changed = differences(saved, config);
  const { status } = existing.record;
  if (status === "finished" && changed.length === 0) {
    const summary = JSON.parse(readFileSync(existing.summary, "utf8")) as RunSummary;
    return { kind: "finished", folder: existing, summary };
  }
  if (!resume) {
    throw new VaeError(
      "failure",
      `${out} holds a run that is ${status}${changed.length > 0 ? `, with other settings (${changed.join(", ")})` : ""}. ` +
        `--resume goes on with it, --overwrite replaces it, another --out keeps both.`,
    );
  }
  const fixed = changed.filter((change) => !CHANGEABLE.some((path) => change.startsWith(`${path} `)));
  if (fixed.length > 0) {
    throw new VaeError(
      "usage",
      `${out} was started with other settings: ${fixed.join(", ")}. A resumed run can change only ${CHANGEABLE.join(", ")}.`,
    );
  }
  existing.checkpointOrFail("last");
  return { kind: "train", config, resume: true, open: () => existing };
}

/** `training.epochs 10 -> 20` for each setting that differs. */
function differences(before: Config, after: Config): string[] {
  return settings()
    .map(({ path }) => ({ path, from: valueAt(before, path), to: valueAt(after, path) }))
    .filter(({ from, to }) => !isDeepStrictEqual(from, to))
    .map(({ path, from, to }) => `${path} ${JSON.stringify(from)} -> ${JSON.stringify(to)}`);
}
