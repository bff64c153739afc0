import { readFileSync } from "node:fs";
import { type FileHandle, open } from "node:fs/promises";
import { z } from "zod";
import { writeFileAtomic } from "../base/atomicFile.ts";
import { VaeError } from "../base/errors.ts";
import { fileError } from "../base/fileErrors.ts";
import type { Objective } from "../objectives/objective.ts";
import type { TrainEvent } from "../training/events.ts";
import type { Metrics } from "../training/metrics.ts";
import type { RunFolder } from "./runFolder.ts";

/** A line of `metrics.jsonl`. `event` tells a mean over some steps from one over an epoch. */
export interface MetricsRow extends Omit<Metrics, "quantities"> {
  /** The objective's quantities, and after those its controls. */
  readonly [name: string]: unknown;
  readonly event: "step" | "epoch";
  readonly step: number;
  readonly epoch: number;
  readonly split: "train" | "validation";
  readonly learningRate: number;
  readonly sigma?: number;
}

const columns = ({ quantities, controls }: Objective) => [
  ...["step", "epoch", "split", "loss"],
  ...quantities.map(({ name }) => name),
  ...["elbo", "bitsPerDim", "sigma"],
  ...Object.keys(controls),
  "learningRate",
];

/** What makes a line one of metrics. */
const lineSchema = z.looseObject({
  event: z.enum(["step", "epoch"]),
  step: z.int(),
  epoch: z.int(),
  split: z.enum(["train", "validation"]),
  loss: z.number(),
  learningRate: z.number(),
});

/** As it was written, in its order. */
const rowSchema = z.custom<MetricsRow>((value) => lineSchema.safeParse(value).success);

/**
 * Appends each event to `metrics.jsonl` and keeps `metrics.csv` the table of its epochs. Holds only what a repeated run
 * repeats to the byte: times are in `run.json`.
 */
export class MetricsLog {
  readonly #folder: RunFolder;
  readonly #rows: MetricsRow[];
  readonly #columns: readonly string[];
  readonly #file: FileHandle;

  private constructor(folder: RunFolder, rows: MetricsRow[], objective: Objective, file: FileHandle) {
    this.#folder = folder;
    this.#rows = rows;
    this.#columns = columns(objective);
    this.#file = file;
  }

  /** Starts at `step`: rows of a resumed run that lie after its checkpoint are dropped, to be written again. */
  static async open(folder: RunFolder, objective: Objective, step: number): Promise<MetricsLog> {
    const rows = readMetrics(folder).filter((row) => row.step <= step);
    await writeFileAtomic(folder.metrics, rows.map(toLine).join(""));
    const file = await open(folder.metrics, "a").catch((error) => {
      throw fileError(`Cannot write ${folder.metrics}`, error);
    });
    const log = new MetricsLog(folder, rows, objective, file);
    await log.#writeTable();
    return log;
  }

  get epochs(): readonly MetricsRow[] {
    return this.#rows.filter((row) => row.event === "epoch");
  }

  async record(event: TrainEvent): Promise<void> {
    if (event.type !== "step" && event.type !== "epoch") return;
    const { step, epoch, controls, learningRate, sigma } = event;
    const row = (split: MetricsRow["split"], { loss, quantities, ...bounds }: Metrics): MetricsRow => ({
      event: event.type,
      step,
      epoch,
      split,
      loss,
      ...quantities,
      ...bounds,
      ...(sigma === undefined ? {} : { sigma }),
      ...controls,
      learningRate,
    });
    const rows =
      event.type === "step"
        ? [row("train", event.metrics)]
        : [row("train", event.train), row("validation", event.validation)];
    this.#rows.push(...rows);
    try {
      await this.#file.appendFile(rows.map(toLine).join(""));
      if (event.type === "epoch") await this.#file.datasync(); // on the disk before the checkpoint that they go with
    } catch (error) {
      throw fileError(`Cannot write ${this.#folder.metrics}`, error);
    }
    if (event.type === "epoch") await this.#writeTable();
  }

  close(): Promise<void> {
    return this.#file.close();
  }

  #writeTable(): Promise<void> {
    return writeFileAtomic(this.#folder.metricsTable, toCsv(this.#columns, this.epochs));
  }
}

/** The rows of a run so far. A last line that a crash cut short is left out. */
export function readMetrics({ metrics: file }: RunFolder): MetricsRow[] {
  let text: string;
  try {
    text = readFileSync(file, "utf8");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return [];
    throw fileError(`Cannot read ${file}`, error);
  }
  const lines = text.split("\n").slice(0, -1); // what follows the last newline is no line
  return lines.map((line, i) => {
    try {
      return rowSchema.parse(JSON.parse(line));
    } catch (error) {
      throw new VaeError(
        "failure",
        `${file} is damaged: line ${i + 1} is no line of metrics. Correct it, or delete the file to go on without the lines so far.`,
        { cause: error },
      );
    }
  });
}

const toLine = (row: MetricsRow) => `${JSON.stringify(row)}\n`;

const toCsv = (columns: readonly string[], rows: readonly MetricsRow[]) =>
  [columns.join(","), ...rows.map((row) => columns.map((column) => row[column] ?? "").join(","))]
    .map((line) => `${line}\n`)
    .join("");
