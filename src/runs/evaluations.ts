import { readFileSync } from "node:fs";
import { z } from "zod";
import { writeFileAtomic } from "../base/atomicFile.ts";
import { fileError } from "../base/fileErrors.ts";
import type { PixelCoding } from "../data/codings.ts";
import type { Dataset } from "../data/dataset.ts";
import { EVALUATION_SEED } from "../evaluation/inputs.ts";
import { protocolOf, type SplitSummary } from "../evaluation/summary.ts";
import type { TableSummary } from "../evaluation/tableScores.ts";
import { type OpenedRun, versions } from "./experiment.ts";
import { splitIdentityOf } from "./identity.ts";
import type { CheckpointName, RunFolder } from "./runFolder.ts";

/** A line of `evaluations.jsonl`: what `vae evaluate` found, and all that it depends on. */
export interface EvaluationRecord extends SplitSummary {
  /** How well the targets of a table are predicted. */
  readonly prediction?: TableSummary;
  /** When it was, ISO 8601. */
  readonly time: string;
  readonly checkpoint: CheckpointName;
  readonly epoch: number;
  /** Of the checkpoint's file. */
  readonly checkpointSha256: string;
  readonly dataset: string;
  /** Of the split, as in `run.json`. */
  readonly datasetSha256: string;
  readonly pixels: PixelCoding;
  /** The random stream that random codings and z are drawn from. */
  readonly seed: string;
  readonly protocol: string;
  readonly backend: string;
  readonly versions: Readonly<Record<string, string>>;
}

export function evaluationRecord(
  { model, coding, epoch, backend, checkpoint }: OpenedRun,
  dataset: Dataset,
  summary: SplitSummary & { readonly prediction?: TableSummary },
): EvaluationRecord {
  return {
    time: new Date().toISOString(),
    ...summary,
    checkpoint: checkpoint.name,
    epoch,
    checkpointSha256: checkpoint.sha256,
    dataset: dataset.name,
    datasetSha256: splitIdentityOf(dataset[summary.split]).sha256,
    pixels: coding,
    seed: EVALUATION_SEED,
    protocol: protocolOf(summary, model.inferred),
    backend: backend.name,
    versions: versions(backend),
  };
}

/** Adds a line to the evaluations of a run; the file is written anew, so that its lines are whole. */
export async function addEvaluation({ evaluations }: RunFolder, record: EvaluationRecord): Promise<void> {
  await writeFileAtomic(evaluations, `${textOf(evaluations)}${JSON.stringify(record)}\n`);
}

/** What tells the weights and the data of an evaluation, and the numbers that are read of it. */
const lineSchema = z.looseObject({
  split: z.enum(["train", "validation", "test"]),
  checkpoint: z.enum(["last", "best"]),
  epoch: z.int(),
  checkpointSha256: z.string(),
  datasetSha256: z.string(),
  k: z.int().exactOptional(),
  nll: z.number().exactOptional(),
  nllStandardError: z.number().exactOptional(),
});

/** The evaluations of a run so far, the oldest first. What is no line of them is left out. */
export function readEvaluations({ evaluations }: RunFolder): EvaluationRecord[] {
  return textOf(evaluations)
    .split("\n")
    .flatMap((line) => {
      try {
        const found: unknown = JSON.parse(line);
        return lineSchema.safeParse(found).success ? [found as EvaluationRecord] : [];
      } catch {
        return [];
      }
    });
}

function textOf(file: string): string {
  try {
    const text = readFileSync(file, "utf8");
    return text === "" || text.endsWith("\n") ? text : `${text}\n`;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return "";
    throw fileError(`Cannot read ${file}`, error);
  }
}
