import { readFileSync } from "node:fs";
import { parse } from "yaml";
import { counted } from "../base/counted.ts";
import { VaeError } from "../base/errors.ts";
import { loadConfig, parseConfig } from "../config/load.ts";
import type { Config } from "../config/schema.ts";
import type { EvaluationRecord } from "../runs/evaluations.ts";
import { readEvaluations } from "../runs/evaluations.ts";
import { isOwned } from "../runs/lock.ts";
import type { RunFolder } from "../runs/runFolder.ts";
import type { RunRecord } from "../runs/runRecord.ts";
import { type RunSummary, readSummary } from "../runs/summary.ts";

/** What a finished run says of itself. */
export interface FinishedRun {
  readonly folder: RunFolder;
  readonly config: Config;
  readonly record: RunRecord;
  readonly summary: Omit<RunSummary, "latents">;
  /** Of its best checkpoint, on the data that it was trained on, the newest first. */
  readonly evaluations: readonly EvaluationRecord[];
}

/** A run that has no final numbers, and why. */
export interface UnfinishedRun {
  readonly path: string;
  readonly state: string;
}

/** Reads the small files of a run, and none of its weights. One that is damaged is told, and ends nothing. */
export function readRun(folder: RunFolder): FinishedRun | UnfinishedRun {
  try {
    const record = folder.readRecord();
    const config = readConfig(folder.config);
    if (record?.status !== "finished") return { path: folder.path, state: stateOf(folder, record, config) };
    const found = readSummary(folder);
    if (!found) return { path: folder.path, state: "finished, without its summary.json" };
    const { latents, ...summary } = found;
    return { folder, config, record, summary, evaluations: evaluationsOf(folder, record, summary) };
  } catch (error) {
    if (error instanceof VaeError) return { path: folder.path, state: error.message };
    throw error;
  }
}

export const isFinished = (run: FinishedRun | UnfinishedRun): run is FinishedRun => "summary" in run;

function stateOf({ path }: RunFolder, record: RunRecord | undefined, { training }: Config): string {
  if (!record) return "without its run.json";
  const killed = record.status === "running" && !isOwned(path);
  return `${killed ? "killed" : record.status} after ${record.timings.imagesPerSecond.length} of ${counted(training.epochs, "epoch")}`;
}

/** An epoch's weights are those of one checkpoint: a run that went on has another best epoch, or the same weights. */
function evaluationsOf(
  folder: RunFolder,
  { dataset }: RunRecord,
  { checkpoint }: FinishedRun["summary"],
): EvaluationRecord[] {
  return readEvaluations(folder)
    .filter(
      (line) =>
        line.checkpoint === checkpoint.name &&
        line.epoch === checkpoint.epoch &&
        line.datasetSha256 === dataset.splitHashes?.[line.split],
    )
    .reverse();
}

const parsed = new Map<string, unknown>();

/** Sections of thousands of runs are much alike, and parsing YAML takes longer than all else: each is parsed once. */
export function readConfig(file: string): Config {
  try {
    const sections = readFileSync(file, "utf8").split(/^(?=\w)/m);
    return parseConfig(Object.assign({}, ...sections.map(parseSection)), file);
  } catch {
    return loadConfig(file); // with its words of what is wrong
  }
}

function parseSection(text: string): unknown {
  if (!parsed.has(text)) parsed.set(text, parse(text));
  return structuredClone(parsed.get(text));
}
