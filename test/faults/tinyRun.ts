import {
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, vi } from "vitest";
import { encodeIdx } from "../../src/data/idx.ts";
import { chance } from "./chance.ts";
import { briefly, type Circumstances, command, complaint, type Ended, faulty } from "./command.ts";

/** The run's folder, in whatever folder a command runs: what it writes then never depends on where it is. */
export const RUN = "run";

/**
 * A run as small as can be with everything that a run can have to remember: early stopping (after 3 of 9 epochs, the second being the
 * best), both warm-ups, a schedule, a σ of the data, clipping, and pictures after each epoch.
 */
export const settings = (data: string, backend = "wasm") => [
  ...["--dataset", "idx", "--dataset.trainImages", data, "--hidden", "4", "--latent-dim", "2"],
  ...["--sigma", "shared", "--beta-warmup", "1", "--batch-size", "40", "--epochs", "9", "--lr", "0.15"],
  ...["--training.schedule", "cosine", "--training.warmupSteps", "3", "--training.clipNorm", "5"],
  ...["--training.earlyStopping", "1", "--training.logEvery", "2"],
  ...["--backend", backend, "--threads", "1"],
];

/** How long a test may take that does as much as `npm run test:faults` asks for. */
export const hours = { timeout: 5 * 3_600_000 };

/** A folder of tiny runs, gone after the tests of the file. */
export function tinyRuns() {
  vi.setConfig({ testTimeout: 300_000, hookTimeout: 300_000 });
  const root = mkdtempSync(join(tmpdir(), "vae-faults-"));
  afterAll(() => rmSync(root, { recursive: true, force: true }));
  const data = join(root, "images.idx");
  writeFileSync(data, tinyImages(200, 1));
  let made = 0;
  return {
    root,
    data,
    train: (backend?: string) => ["train", ...settings(data, backend), "--quiet", "--out", RUN],
    /** A new, empty folder to run in. */
    place(): string {
      const path = join(root, String(made++));
      mkdirSync(path);
      return path;
    },
    /** A new folder to run in, with a copy of the run of another. */
    placeWith(other: string): string {
      const path = join(root, String(made++));
      cpSync(other, path, { recursive: true });
      return path;
    },
  };
}

/** Grey noise around a mean, 8x8, as an IDX file. */
export function tinyImages(count: number, seed: number): Uint8Array {
  const { below } = chance(seed);
  const data = Uint8Array.from({ length: count * 64 }, () => 40 + below(60) + below(60));
  return encodeIdx({ dims: [count, 8, 8], data });
}

/** Trains until it is killed in its second epoch. */
export async function trainUntilKilled(train: readonly string[], cwd: string): Promise<void> {
  const { code, stderr } = await command(train, { cwd, env: faulty(join(cwd, RUN), { at: 80 }) });
  if (code !== null) throw new Error(`it was not killed: exit ${code}: ${stderr}`);
}

/**
 * Goes on after something went wrong as a user does: repeats the command, and where that refuses, types what it says. Returns
 * how the last of it ended.
 */
export async function goOn(train: readonly string[], circumstances: Circumstances): Promise<Ended> {
  const plain = await command(train, circumstances);
  if (plain.code !== 1) return plain;
  const [flag] = /--resume|--overwrite/.exec(plain.stderr) ?? [];
  if (flag === undefined) return plain;
  const whole = /vae train --resume --out \S+[^\s.:,`]/.exec(plain.stderr);
  const next = whole ? [...whole[0].split(" ").slice(1), "--quiet"] : [...train, flag];
  return command(next, circumstances);
}

/** What is lost of an undisturbed run after one that was disturbed and has gone on; undefined if nothing is. */
export function loss(
  ended: Ended,
  place: string,
  undisturbed: string,
  givenUp: readonly string[] = [],
): string | undefined {
  const wrong = complaint(ended);
  if (wrong !== undefined) return wrong;
  if (ended.code !== 0) return `vae ${briefly(ended.args)}: exit ${ended.code}: ${ended.stderr.trim()}`;
  const found = contents(join(place, RUN));
  const wanted = contents(join(undisturbed, RUN));
  const differing = [...new Set([...found.keys(), ...wanted.keys()])]
    .filter((file) => found.get(file) !== wanted.get(file) && !givenUp.includes(file))
    .map((file) =>
      found.has(file) ? (wanted.has(file) ? `${file} differs` : `${file} is too much`) : `${file} is missing`,
    );
  return differing.length === 0 ? undefined : differing.join(", ");
}

/** The pictures that a command which has trained to the end said it could not draw: no reason to fail. */
export function picturesGivenUp({ code, stderr }: Ended): string[] {
  if (code !== 0 || !stderr.includes(".png was not drawn")) return [];
  const names = ["loss", "samples", "reconstructions"].filter((name) => stderr.includes(`${name}.png`));
  return ["figures", ...names.map((name) => `figures/${name}.png`)];
}

/** Every file and folder below that training writes, with what it holds; of `run.json` without clock times and the commands that were typed. */
export function contents(folder: string): Map<string, string> {
  const names = readdirSync(folder, { recursive: true, encoding: "utf8" });
  const trained = names.filter((name) => !/^(figures\/calibration|evaluations\.jsonl)/.test(name)).toSorted();
  return new Map(
    trained.map((name) => {
      const path = join(folder, name);
      if (!statSync(path).isFile()) return [name, "a folder"];
      if (name === "run.json") return [name, settledRecord(readFileSync(path, "utf8"))];
      return [name, readFileSync(path, "latin1")];
    }),
  );
}

/** What of `run.json` is the same for every run of these settings, its keys in order. */
function settledRecord(text: string): string {
  const { command: _, timings: __, history: ___, ...settled } = JSON.parse(text);
  const isObject = (value: unknown) => typeof value === "object" && value !== null && !Array.isArray(value);
  return JSON.stringify(settled, (_key, value) =>
    isObject(value) ? Object.fromEntries(Object.entries(value).toSorted()) : value,
  );
}
