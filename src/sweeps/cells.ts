import { createHash } from "node:crypto";
import { counted } from "../base/counted.ts";
import { VaeError } from "../base/errors.ts";
import { shortNames } from "../comparison/settingsOf.ts";
import { loadConfig, withPresentNames } from "../config/load.ts";
import { settings, valueAt } from "../config/settings.ts";
import { settle } from "../runs/experiment.ts";
import { RandomStream } from "../tensors/random.ts";
import { draw } from "./distributions.ts";
import type { Settings, Sweep } from "./sweep.ts";
import { MOST_CELLS } from "./values.ts";

/** One run of a sweep. */
export interface Cell {
  /** The name of its folder in the sweep's. */
  readonly run: string;
  /** All that its configuration says, by path; the rest are defaults. */
  readonly settings: Readonly<Record<string, unknown>>;
}

/** The cells of a sweep, each checked; `repeated` are those that would be the same as others. */
export function cellsOf(sweep: Sweep): { cells: Cell[]; repeated: number } {
  const varied = distinct(combinations(sweep));
  const names = namesOf(varied.kept);
  const wrong: VaeError[] = [];
  const cells = varied.kept.map((settings, i): Cell => {
    const run = names[i]!;
    try {
      return { run, settings: resolved(sweep, settings) };
    } catch (error) {
      if (!(error instanceof VaeError)) throw error;
      wrong.push(new VaeError(error.code, `Cell ${run}: ${error.message}`));
      return { run, settings: {} };
    }
  });
  const [first, ...others] = wrong;
  if (first && others.length === 0) throw first;
  if (first) {
    throw new VaeError(
      first.code,
      `${first.message}\nOf ${counted(cells.length, "cell")}, ${wrong.length} have such an error.`,
    );
  }
  return { cells, repeated: varied.repeated };
}

function combinations({ list, random, grid }: Sweep): Settings[] {
  const draws = random ? drawsOf(random) : [];
  const axes = [...grid].map(([path, values]) => values.map((value): Settings => new Map([[path, value]])));
  const parts = [...[list, draws].filter(({ length }) => length > 0), ...axes];
  const count = parts.reduce((count, { length }) => count * length, 1);
  if (count > MOST_CELLS) {
    throw new VaeError("usage", `That are ${count} cells. Accepted: up to ${MOST_CELLS} in a sweep.`);
  }
  return parts.reduce<Settings[]>(
    (cells, part) => cells.flatMap((cell) => part.map((settings) => new Map([...cell, ...settings]))),
    [new Map()],
  );
}

/** Draw i of a setting is a function of the seed, its path and i: more draws, or other settings, leave it as it is. */
function drawsOf({ count, seed, settings }: NonNullable<Sweep["random"]>): Settings[] {
  const streams = [...settings].map(
    ([path, distribution]) =>
      [path, distribution, new RandomStream(seed).fork("sweep").fork(path).uniforms(count)] as const,
  );
  return Array.from(
    { length: count },
    (_, i) => new Map(streams.map(([path, distribution, u]) => [path, draw(distribution, u[i]!)])),
  );
}

function distinct(cells: readonly Settings[]): { kept: Settings[]; repeated: number } {
  const kept = [...new Map(cells.map((cell) => [keyOf(cell), cell])).values()];
  return { kept, repeated: cells.length - kept.length };
}

const keyOf = (cell: Settings) => JSON.stringify([...cell].toSorted(([a], [b]) => (a < b ? -1 : 1)));

/** Of a folder's name, which file systems limit to 255 bytes. */
const LONGEST_NAME = 120;

/** `beta=0.5,seed=0`; with a hash of the settings at the end where that would be too long, or another's. */
function namesOf(cells: readonly Settings[]): string[] {
  const paths = [...new Set(cells.flatMap((cell) => [...cell.keys()]))];
  const short = new Map(shortNames(paths).map((name, i) => [paths[i]!, name]));
  const names = cells.map((cell) =>
    [...cell].map(([path, value]) => `${short.get(path)}=${fileText(value)}`).join(","),
  );
  const counts = new Map<string, number>();
  for (const name of names) counts.set(name, (counts.get(name) ?? 0) + 1);
  return names.map((name, i) => {
    if (name === "") return "run";
    if (counts.get(name) === 1 && name.length <= LONGEST_NAME) return name;
    const hash = createHash("sha256").update(keyOf(cells[i]!)).digest("hex").slice(0, 8);
    return `${name.slice(0, LONGEST_NAME)}~${hash}`;
  });
}

const fileText = (value: unknown) =>
  (Array.isArray(value) ? value.join("-") : String(value))
    .replace(/[^\w.+-]+/g, "-")
    .replace(/^-(?!\d)|-$/g, "");

/** Checks the configuration of a cell, and says which settings it has that are not simply defaults, with whole paths. */
function resolved({ base, fixed }: Sweep, varied: Settings): Cell["settings"] {
  const given = new Map([...fixed, ...varied]);
  const kindsFirst = settings().filter(({ isChoice, path }) => isChoice && given.has(path));
  const ordered = new Map([
    ...kindsFirst.map(({ path }): [string, unknown] => [path, given.get(path)]),
    ...given,
  ]);
  const overrides = new Map([...ordered].map(([path, value]) => [path, JSON.stringify(value)]));
  const config = settle(loadConfig(base, overrides));
  const present = withPresentNames(base);
  return Object.fromEntries(
    settings()
      .filter(({ path }) => given.has(path) || valueAt(present, path) !== undefined)
      .map(({ path }) => [path, valueAt(config, path)] as const)
      .filter(([, value]) => value !== undefined), // of a kind that the cell does not have
  );
}
