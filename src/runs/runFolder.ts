import {
  closeSync,
  existsSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  readSync,
  rmSync,
  statSync,
} from "node:fs";
import { dirname, join } from "node:path";
import { LEFTOVER, writeFileAtomic } from "../base/atomicFile.ts";
import { VaeError } from "../base/errors.ts";
import { fileError } from "../base/fileErrors.ts";
import { type Checkpoint, isCheckpoint, readCheckpoint } from "./checkpoint.ts";
import { LOCK, Lock, refuseIfOwned } from "./lock.ts";
import { readJson } from "./readJson.ts";
import { type RunRecord, runRecordSchema } from "./runRecord.ts";

export type CheckpointName = "last" | "best";

export interface NewRun {
  readonly name: string;
  readonly path?: string;
  readonly overwrite: boolean;
}

/** A run's folder that this process alone writes to, until it releases the lock. */
export interface OwnedRun {
  readonly folder: RunFolder;
  readonly lock: Lock;
}

/**
 * Names and layout of a run's folder; a run needs nothing outside it. Its checkpoints say what it is; the other files
 * follow from them and can be written anew.
 */
export class RunFolder {
  readonly path: string;

  private constructor(path: string) {
    this.path = path;
  }

  /** A run that is there; undefined where there is none. */
  static find(path: string): RunFolder | undefined {
    return isRun(path) ? new RunFolder(path) : undefined;
  }

  /** A run that must be there. */
  static open(path: string): RunFolder {
    const found = RunFolder.find(path);
    if (found) return found;
    const why = !isThere(path)
      ? "there is no such folder"
      : isFolder(path) && isBarelyBegun(path)
        ? "nothing was written into it yet"
        : "it has neither a checkpoint nor a run.json of this program";
    throw new VaeError(
      "failure",
      `${path} is not a run: ${why}. \`vae train\` makes one and prints its name.`,
    );
  }

  /**
   * A new, empty run, which this process alone may write to. Without a path, `runs/<name>`, or `runs/<name>-2` and so on
   * where that is taken.
   */
  static create({ name, path = firstFree(join("runs", name)), overwrite }: NewRun): OwnedRun {
    refuseIfOwned(path);
    if (!(overwrite && isRun(path))) refuseIfTaken(path);
    makeFolder(path);
    const lock = Lock.acquire(path);
    try {
      if (overwrite && isRun(path)) removeRun(path);
      refuseIfTaken(path); // another process may have been here before the lock was ours
      sweep(path);
      return { folder: new RunFolder(path), lock };
    } catch (error) {
      lock.release();
      throw error;
    }
  }

  static exists(path: string): boolean {
    return isRun(path);
  }

  /** Takes a run that is there, to go on with it. */
  own(): OwnedRun {
    const lock = Lock.acquire(this.path);
    sweep(this.path);
    return { folder: this, lock };
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
  /** What `vae evaluate` found, a line for each time. */
  get evaluations(): string {
    return join(this.path, "evaluations.jsonl");
  }
  get record(): string {
    return join(this.path, "run.json");
  }
  get tensorboard(): string {
    return join(this.path, "tensorboard");
  }
  figure(name: FigureName | `${FigureName}-${string}`, format: "png" | "svg" = "png"): string {
    return join(this.path, "figures", `${name}.${format}`);
  }
  /** q(z|x) of some examples, as `vae encode` writes it. */
  latents(name: string): string {
    return join(this.path, "latents", `${name}.npz`);
  }
  checkpoint(name: CheckpointName): string {
    return join(this.path, "checkpoints", `${name}.safetensors`);
  }

  /** The checkpoint, which must be there and whole. */
  readCheckpoint(name: CheckpointName): Checkpoint {
    const file = this.checkpoint(name);
    if (existsSync(file)) return readCheckpoint(file);
    const when = name === "best" ? "at the end of its first epoch" : "before its first step";
    throw new VaeError("failure", `${this.path} has no ${name} checkpoint: a run saves it ${when}.`);
  }

  /** Undefined where there is none; one that is damaged is an error. */
  readRecord(): RunRecord | undefined {
    return readJson(this.record, runRecordSchema, `\`vae train --resume --out ${this.path}\` writes it anew`);
  }

  async writeRecord(record: RunRecord): Promise<void> {
    await writeFileAtomic(this.record, `${JSON.stringify(record, null, 2)}\n`);
  }
}

/** Whether a folder was made by this program: it has a checkpoint, or a `run.json` with our mark. */
function isRun(path: string): boolean {
  return (
    isRecord(join(path, "run.json")) ||
    ["last", "best"].some((name) => hasMark(join(path, "checkpoints", `${name}.safetensors`)))
  );
}

/** Of a checkpoint, whole or not. */
function hasMark(file: string): boolean {
  try {
    const start = Buffer.alloc(128);
    const handle = openSync(file, "r");
    try {
      readSync(handle, start);
    } finally {
      closeSync(handle);
    }
    return isCheckpoint(start);
  } catch {
    return false;
  }
}

function isRecord(file: string): boolean {
  try {
    const record = JSON.parse(readFileSync(file, "utf8")) as Partial<RunRecord> | null;
    return typeof record?.status === "string" && typeof record.versions?.["vae"] === "string";
  } catch {
    return false;
  }
}

function refuseIfTaken(path: string): void {
  const found = statSync(path, { throwIfNoEntry: false });
  if (!found || (found.isDirectory() && isBarelyBegun(path))) return;
  const why = isRun(path)
    ? "holds another run. Give another --out, or --overwrite to replace it"
    : "is there already and is not a run, so it is not touched. Give another --out";
  throw new VaeError("failure", `${path} ${why}.`);
}

const EVENT_FILE = /^events\.out\.tfevents\./;

/** What a run and the commands on it draw, each of a split or a seed as well. */
const FIGURES = [
  ...["loss", "samples", "reconstructions", "calibration"],
  ...["predictions", "prediction", "noise", "posterior", "weights", "fit"],
  ...["interpolation", "traversal", "manifold", "latents", "decoded"],
] as const;

export type FigureName = (typeof FIGURES)[number];

/** What a run and the commands on it write into its folders. */
const IN_FOLDERS: Readonly<Record<string, RegExp>> = {
  checkpoints: /^(last|best)\.safetensors$/,
  figures: new RegExp(`^(${FIGURES.join("|")})(-\\w+)*\\.png$`),
  latents: /^(train|validation|test|input)\.npz$/,
  tensorboard: new RegExp(`^(train|validation)$|${EVENT_FILE.source}`),
  "tensorboard/train": EVENT_FILE,
  "tensorboard/validation": EVENT_FILE,
};

/** All that a run writes into its folder, in the order in which it is removed: what tells it is a run goes last. */
const CONTENTS = [
  "config.yaml",
  "metrics.jsonl",
  "metrics.csv",
  "summary.json",
  "evaluations.jsonl",
  "tensorboard",
  "figures",
  "latents",
  "checkpoints",
  "run.json",
];

const isLeftover = (name: string) => name.endsWith(LEFTOVER);

/** Whether a folder holds no more than a run leaves that was ended before its first file. */
function isBarelyBegun(path: string): boolean {
  return list(path).every(
    (name) =>
      name === LOCK ||
      isLeftover(name) ||
      (name in IN_FOLDERS && isFolder(join(path, name)) && list(join(path, name)).every(isLeftover)),
  );
}

/** Removes what writers that were ended have left. */
function sweep(path: string): void {
  for (const folder of [
    path,
    ...Object.keys(IN_FOLDERS)
      .map((name) => join(path, name))
      .filter(isFolder),
  ]) {
    for (const name of list(folder).filter(isLeftover)) remove(join(folder, name));
  }
}

/** Removes a run but for its lock. What is not of a run is not removed, and with it there the run stays too. */
function removeRun(path: string): void {
  const foreign = [
    ...list(path).filter((name) => !CONTENTS.includes(name) && name !== LOCK && !isLeftover(name)),
    ...Object.entries(IN_FOLDERS).flatMap(([folder, known]) =>
      list(join(path, folder))
        .filter((name) => !known.test(name) && !isLeftover(name))
        .map((name) => `${folder}/${name}`),
    ),
  ];
  if (foreign.length > 0) {
    throw new VaeError(
      "failure",
      `${path} holds what no run has written (${foreign.slice(0, 3).join(", ")}${foreign.length > 3 ? ", …" : ""}), so ` +
        "--overwrite deletes nothing there. Move it away, or give another --out.",
    );
  }
  for (const name of CONTENTS) remove(join(path, name));
}

function remove(path: string): void {
  try {
    rmSync(path, { recursive: true, force: true });
  } catch (error) {
    throw fileError(`Cannot remove ${path}`, error);
  }
}

function isThere(path: string): boolean {
  try {
    statSync(path);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return false;
    throw fileError(`Cannot read ${path}`, error);
  }
}

const isFolder = (path: string) => statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false;

function list(path: string): string[] {
  try {
    return readdirSync(path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return [];
    throw fileError(`Cannot read the folder ${path}`, error);
  }
}

function makeFolder(path: string): void {
  try {
    mkdirSync(path, { recursive: true });
  } catch {
    makeLast(path);
  }
}

/** Of several folders Node does not always say why they cannot be made; of one it does. */
function makeLast(path: string): void {
  try {
    mkdirSync(path);
  } catch (error) {
    throw fileError(`Cannot make the folder ${path}`, error);
  }
}

/** Makes the first of `path`, `path-2`, `path-3` … that does not exist; two runs that start at once get two folders. */
function firstFree(path: string): string {
  makeFolder(dirname(path));
  for (let i = 1; ; i++) {
    const candidate = i === 1 ? path : `${path}-${i}`;
    try {
      mkdirSync(candidate);
      return candidate;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "EEXIST")
        throw fileError(`Cannot make the folder ${candidate}`, error);
    }
  }
}
