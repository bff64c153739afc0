import { existsSync } from "node:fs";
import { counted } from "../base/counted.ts";
import { VaeError } from "../base/errors.ts";
import { CHANGEABLE, configAt, withChange } from "../config/changes.ts";
import { formerDefaults } from "../config/formerDefaults.ts";
import { loadConfig, type Overrides } from "../config/load.ts";
import type { Config } from "../config/schema.ts";
import type { Checkpoint } from "./checkpoint.ts";
import { configOf, settle } from "./experiment.ts";
import { type Difference, differences, FREE, isFree, told } from "./identity.ts";
import { refuseIfOwned } from "./lock.ts";
import type { Resumption } from "./recordWriter.ts";
import { type OwnedRun, RunFolder } from "./runFolder.ts";
import type { RunRecord } from "./runRecord.ts";
import { type RunSummary, readSummary } from "./summary.ts";

/** What `vae train` is to do with its folder. */
export type RunPlan =
  | { readonly kind: "finished"; readonly folder: RunFolder; readonly summary: RunSummary }
  | {
      readonly kind: "train";
      readonly config: Config;
      readonly resume?: Resumption;
      /** For the user, of what is not as it was. */
      readonly notes: readonly string[];
      /** Takes the folder; not before data and model are there, so that a failure leaves no empty run. */
      readonly open: () => OwnedRun;
    };

export interface PlanOptions {
  readonly out?: string;
  readonly overwrite?: boolean;
  readonly resume?: boolean;
  readonly datasetChanged?: "accept";
}

/**
 * Decides from the folder's state: a new run, the rest of an interrupted one, or nothing because it is finished.
 * A run is never overwritten without `overwrite`, and goes on with other settings only where those have a meaning.
 */
export function planRun(
  file: string | undefined,
  overrides: Overrides,
  { out, overwrite = false, resume = false, datasetChanged }: PlanOptions,
): RunPlan {
  if (overwrite && resume)
    throw new VaeError("usage", "--overwrite starts anew and --resume goes on; give one of them.");
  if (resume && out === undefined) {
    throw new VaeError("usage", "--resume needs --out, the folder of the run to go on with.");
  }
  if (out !== undefined) refuseIfOwned(out);
  if (out === undefined || overwrite || !RunFolder.exists(out)) {
    if (resume) throw nothingToResume(out!);
    const config = settle(loadConfig(file, overrides));
    const name = `${config.dataset.name}-${config.likelihood.kind}`;
    const path = out !== undefined && { path: out };
    return { kind: "train", config, notes: [], open: () => RunFolder.create({ name, overwrite, ...path }) };
  }
  const folder = RunFolder.open(out);
  if (!existsSync(folder.checkpoint("last"))) {
    throw new VaeError(
      "failure",
      `${out} holds a run without a checkpoint, from which nothing can go on. --overwrite starts it anew; another --out keeps it.`,
    );
  }
  return planExisting(folder, file, overrides, { resume, acceptsData: datasetChanged === "accept" });
}

function planExisting(
  folder: RunFolder,
  file: string | undefined,
  overrides: Overrides,
  { resume, acceptsData }: { resume: boolean; acceptsData: boolean },
): RunPlan {
  const checkpoint = folder.readCheckpoint("last");
  const { origin, state } = checkpoint;
  const saved = configOf(folder, checkpoint);
  const now = configAt(saved, state.step);
  const given = settle(loadConfig(file ?? now, overrides, formerlyUnsaid(now)));
  const wanted = configAt(given, Number.POSITIVE_INFINITY);
  const changed = differences(now, wanted);
  if (!resume) {
    const record = folder.readRecord();
    const summary = record?.status === "finished" && changed.length === 0 ? readSummary(folder) : undefined;
    if (summary) return { kind: "finished", folder, summary };
    const settings = changed.length > 0 ? `, with other settings (${changed.map(told).join(", ")})` : "";
    throw new VaeError(
      "failure",
      `${folder.path} holds a run that is ${stateOf(record)}${settings}. ` +
        "--resume goes on with it, --overwrite replaces it, another --out keeps both.",
    );
  }
  const config = withSettings(folder, { checkpoint, saved, wanted, changed });
  const { record, notes } = readableRecord(folder);
  return {
    kind: "train",
    config,
    resume: { step: state.step, record, data: origin?.data, acceptsData, changes: changed.map(told) },
    notes: [...notes, ...changed.map((change) => `From step ${state.step} on: ${told(change)}.`)],
    open: () => folder.own(),
  };
}

/** Of what earlier versions had no setting for, so that a recipe that goes on with one of their runs does not say it either. */
const formerlyUnsaid = ({ dataset }: Config) =>
  Object.fromEntries(Object.entries(dataset).filter(([key]) => Object.hasOwn(formerDefaults, key)));

/** A run that says it is running is not, as nobody has it. */
const stateOf = (record: RunRecord | undefined) =>
  !record || record.status === "running" ? "unfinished, as it was killed" : record.status;

const nothingToResume = (out: string) =>
  new VaeError(
    "failure",
    existsSync(out)
      ? `${out} holds no checkpoint, so there is nothing to resume. The same command without --resume starts the run.`
      : `There is no run ${out} to resume. Without --resume the command starts one there.`,
  );

/** The configuration of the rest of a run: the saved one with what is simply other, and with what changes from here on. */
function withSettings(
  { path: out }: RunFolder,
  {
    checkpoint: { state },
    saved,
    wanted,
    changed,
  }: { checkpoint: Checkpoint; saved: Config; wanted: Config; changed: Difference[] },
): Config {
  const isSimple = ({ path }: Difference) => isFree(path, saved, wanted);
  const [simple, others] = [changed.filter(isSimple), changed.filter((change) => !isSimple(change))];
  const fixed = others.filter(({ path }) => !CHANGEABLE.includes(path));
  if (fixed.length > 0) {
    throw new VaeError(
      "usage",
      `${out} was started with other settings: ${fixed.map(told).join(", ")}. What is trained so far would not be of these. ` +
        `A resumed run can change ${[...CHANGEABLE, ...FREE].join(", ")}; for others, start a run with another --out.`,
    );
  }
  if (others.length > 0 && state.epoch >= wanted.training.epochs) {
    throw new VaeError(
      "usage",
      `${out} has trained its ${counted(state.epoch, "epoch")}, so ${others.map(told).join(", ")} would change nothing. ` +
        `Add more, for example --epochs ${state.epoch + 10}.`,
    );
  }
  const simply = loadConfig(saved, new Map(simple.map(({ path, to }) => [path, String(to)])));
  return others.length === 0
    ? simply
    : withChange(simply, state.step, new Map(others.map(({ path, to }) => [path, to])));
}

/** A record that is damaged is written anew, without what it knew of times and changes. */
function readableRecord(folder: RunFolder): { record: RunRecord | undefined; notes: string[] } {
  try {
    return { record: folder.readRecord(), notes: [] };
  } catch (error) {
    if (!(error instanceof VaeError)) throw error;
    return {
      record: undefined,
      notes: [`${folder.record} is damaged and is written anew; the times of the run so far are lost.`],
    };
  }
}
