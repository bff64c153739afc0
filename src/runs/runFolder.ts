import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync } from "node:fs";
import { dirname, join } from "node:path";
import { LEFTOVER, writeFileAtomic } from "../base/atomicFile.ts";
import { VaeError } from "../base/errors.ts";
import type { Fields, ImageShape } from "../data/field.ts";

export type RunStatus = "running" | "finished" | "interrupted" | "diverged" | "failed";

/** `run.json`: what is known of a run besides its settings and its numbers. */
export interface RunRecord {
  readonly status: RunStatus;
  readonly command: string;
  readonly versions: Readonly<Record<string, string>>;
  readonly backend: { readonly name: string; readonly device: string; readonly threads: number };
  readonly dataset: {
    readonly name: string;
    readonly imageShape: ImageShape;
    /** Absent in the records of earlier versions, whose data are images without classes. */
    readonly fields?: Fields;
    readonly counts: Readonly<Record<"train" | "validation" | "test", number>>;
    readonly hashes: Readonly<Record<string, string>>;
  };
  readonly parameterCount: number;
  /** Clock times and speeds live here and not among the metrics, which repeat to the byte. */
  readonly timings: {
    readonly startedAt: string;
    readonly seconds: number;
    readonly imagesPerSecond: readonly number[];
  };
}

/** Names and layout of a run's folder; a run needs nothing outside it. */
export class RunFolder {
  readonly path: string;

  private constructor(path: string) {
    this.path = path;
  }

  /** A new, empty run. Without a path, `runs/<name>`, or `runs/<name>-2` and so on where that is taken. */
  static create(options: { path?: string; name: string; overwrite: boolean }): RunFolder {
    const { path, name, overwrite } = options;
    if (path === undefined) return new RunFolder(firstFree(join("runs", name)));
    if (overwrite && isRun(path)) removeRun(path);
    if (existsSync(path) && !isEmptyFolder(path)) {
      const why = isRun(path)
        ? "holds another run. Give another --out, or --overwrite to replace it"
        : "is there already and is not a run, so it is not touched. Give another --out";
      throw new VaeError("failure", `${path} ${why}.`);
    }
    mkdirSync(path, { recursive: true });
    return new RunFolder(path);
  }

  /** A run that is there. */
  static open(path: string): RunFolder {
    if (isRun(path) && existsSync(join(path, "config.yaml"))) return new RunFolder(path);
    const why = !existsSync(path)
      ? "there is no such folder"
      : isRun(path)
        ? "it ended before it had a config.yaml, and holds nothing yet; --overwrite starts it anew"
        : "it has no run.json of this program";
    throw new VaeError(
      "failure",
      `${path} is not a run: ${why}. \`vae train\` makes one and prints its name.`,
    );
  }

  static exists(path: string): boolean {
    return isRun(path);
  }

  get config(): string {
    return join(this.path, "config.yaml");
  }
  get metrics(): string {
    return join(this.path, "metrics.jsonl");
  }
  get metricsTable(): string {
    return join(this.path, "metrics.csv");
  }
  get summary(): string {
    return join(this.path, "summary.json");
  }
  checkpoint(name: "last" | "best"): string {
    return join(this.path, "checkpoints", `${name}.safetensors`);
  }
  /** The checkpoint, which must be there. */
  checkpointOrFail(name: "last" | "best"): string {
    const file = this.checkpoint(name);
    if (existsSync(file)) return file;
    throw new VaeError(
      "failure",
      `${this.path} has no ${name} checkpoint yet: a run saves its first at the end of its first epoch, or when it is interrupted.`,
    );
  }

  figure(name: string): string {
    return join(this.path, "figures", `${name}.png`);
  }

  get record(): RunRecord {
    return JSON.parse(readFileSync(this.#record, "utf8")) as RunRecord;
  }

  async writeRecord(record: RunRecord): Promise<void> {
    await writeFileAtomic(this.#record, `${JSON.stringify(record, null, 2)}\n`);
  }

  get #record(): string {
    return join(this.path, "run.json");
  }
}

/** Whether a folder was made by this program: `run.json` is its first file and its mark. */
function isRun(path: string): boolean {
  try {
    const record = JSON.parse(readFileSync(join(path, "run.json"), "utf8")) as Partial<RunRecord> | null;
    return typeof record?.status === "string" && typeof record.versions?.["vae"] === "string";
  } catch {
    return false;
  }
}

/** All that a run writes into its folder. */
const CONTENTS = [
  "config.yaml",
  "metrics.jsonl",
  "metrics.csv",
  "summary.json",
  "checkpoints",
  "figures",
  "run.json",
];

/** Removes a run, its mark last. What is not of a run is not removed, and with it there the run stays too. */
function removeRun(path: string): void {
  const names = readdirSync(path);
  const leftovers = names.filter((name) => name.endsWith(LEFTOVER));
  const foreign = names.filter((name) => !CONTENTS.includes(name) && !leftovers.includes(name));
  if (foreign.length > 0) {
    throw new VaeError(
      "failure",
      `${path} holds what no run has written (${foreign.slice(0, 3).join(", ")}${foreign.length > 3 ? ", …" : ""}), so ` +
        "--overwrite deletes nothing there. Move it away, or give another --out.",
    );
  }
  for (const name of [...leftovers, ...CONTENTS]) rmSync(join(path, name), { recursive: true, force: true });
}

const isEmptyFolder = (path: string) => statSync(path).isDirectory() && readdirSync(path).length === 0;

/** Makes the first of `path`, `path-2`, `path-3` … that does not exist; two runs that start at once get two folders. */
function firstFree(path: string): string {
  mkdirSync(dirname(path), { recursive: true });
  for (let i = 1; ; i++) {
    const candidate = i === 1 ? path : `${path}-${i}`;
    try {
      mkdirSync(candidate);
      return candidate;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
    }
  }
}
