import { appendFileSync, existsSync, readFileSync } from "node:fs";
import { writeFileAtomic } from "../base/atomicFile.ts";
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

/**
 * Appends each event to `metrics.jsonl` and keeps `metrics.csv` the table of its epochs. Holds only what a repeated run
 * repeats to the byte: times are in `run.json`.
 */
export class MetricsLog {
  readonly #folder: RunFolder;
  readonly #rows: MetricsRow[];
  readonly #columns: readonly string[];

  private constructor(folder: RunFolder, rows: MetricsRow[], objective: Objective) {
    this.#folder = folder;
    this.#rows = rows;
    this.#columns = columns(objective);
  }

  /** Starts at `step`: rows of a resumed run that lie after its checkpoint are dropped, to be written again. */
  static async open(folder: RunFolder, objective: Objective, step: number): Promise<MetricsLog> {
    const rows = readMetrics(folder).filter((row) => row.step <= step);
    await writeFileAtomic(folder.metrics, rows.map(toLine).join(""));
    return new MetricsLog(folder, rows, objective);
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
    appendFileSync(this.#folder.metrics, rows.map(toLine).join(""));
    if (event.type === "epoch")
      await writeFileAtomic(this.#folder.metricsTable, toCsv(this.#columns, this.epochs));
  }
}

/** The rows of a run so far. A last line that a crash cut short is left out. */
export function readMetrics(folder: RunFolder): MetricsRow[] {
  if (!existsSync(folder.metrics)) return [];
  const lines = readFileSync(folder.metrics, "utf8").split("\n");
  return lines.slice(0, -1).map((line) => JSON.parse(line) as MetricsRow); // what follows the last newline is no line
}

const toLine = (row: MetricsRow) => `${JSON.stringify(row)}\n`;

const toCsv = (columns: readonly string[], rows: readonly MetricsRow[]) =>
  [columns.join(","), ...rows.map((row) => columns.map((column) => row[column] ?? "").join(","))]
    .map((line) => `${line}\n`)
    .join("");
