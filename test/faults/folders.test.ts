import {
  cpSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { beforeAll, expect, test } from "vitest";
import { parse, stringify } from "yaml";
import { chance } from "./chance.ts";
import { command, complaint, type Ended, excess, lossesOf } from "./command.ts";
import { count, tally } from "./counts.ts";
import { mutations } from "./mutations.ts";
import { goOn, hours, loss, RUN, tinyRuns, trainUntilKilled } from "./tinyRun.ts";

const runs = tinyRuns();
const train = runs.train();
const finished = runs.place();
const half = runs.place();
const other = runs.place();

const random = chance(7);
/** How much a whole run takes. */
let usual: Ended;

const { one, below } = random;
const { damaged, mutated } = mutations(random);

beforeAll(async () => {
  usual = await command(train, { cwd: finished });
  expect(usual).toMatchObject({ code: 0 });
  expect(await command([...train, "--seed", "1"], { cwd: other })).toMatchObject({ code: 0 });
  await trainUntilKilled(train, half);
});

interface Damage {
  /** The place of the run as it was before. */
  readonly whole: string;
  readonly file: string;
  readonly name: string;
  readonly command: string;
}

const DAMAGES: Readonly<Record<string, (path: string, damage: Damage) => void>> = {
  "is gone": (path) => rmSync(path, { recursive: true }),
  "is empty": (path) => replace(path, ""),
  "is damaged": (path) =>
    isFolder(path) ? rmSync(join(path, one(readdirSync(path)))) : replace(path, damaged(readFileSync(path))),
  "is noise": (path) => replace(path, Buffer.from(Array.from({ length: below(3000) }, () => below(256)))),
  "is a folder": (path) => {
    rmSync(path, { recursive: true });
    mkdirSync(join(path, "inside"), { recursive: true });
  },
  "is a link to itself": (path) => {
    rmSync(path, { recursive: true });
    symlinkSync(path, path);
  },
  "is of another run": (path, { file }) => {
    rmSync(path, { recursive: true });
    cpSync(join(other, RUN, file), path, { recursive: true });
  },
  "is another file": (path, { whole }) => {
    const files = filesOf(whole).filter((name) => !isFolder(join(whole, RUN, name)));
    replace(path, readFileSync(join(whole, RUN, one(files))));
  },
  "says something else": (path) => {
    if (/\.(json|yaml)$/.test(path))
      replace(path, stringify(mutated(parse(readFileSync(path, "utf8"))), asIn(path)));
    else DAMAGES["is damaged"]!(path, {} as Damage);
  },
};

/** JSON is YAML that is all flow. */
const asIn = (path: string) =>
  path.endsWith(".json") ? ({ collectionStyle: "flow", defaultStringType: "QUOTE_DOUBLE" } as const) : {};

const isFolder = (path: string) => statSync(path).isDirectory();

function replace(path: string, content: string | Buffer): void {
  rmSync(path, { recursive: true });
  writeFileSync(path, content);
}

/** What a run has in its folder, without what a kill has left. */
const filesOf = (place: string) =>
  readdirSync(join(place, RUN), { recursive: true, encoding: "utf8" })
    .filter((name) => !name.endsWith(".unfinished"))
    .toSorted();

const on = ["--backend", "wasm", "--threads", "1"];
const COMMANDS: Readonly<Record<string, readonly string[]>> = {
  train,
  "train --resume": ["train", "--resume", "--out", RUN, "--quiet"],
  "train --overwrite": [...train, "--overwrite"],
  evaluate: ["evaluate", RUN, ...on],
  "evaluate --json": ["evaluate", RUN, "--json", ...on],
  sample: ["sample", RUN, "-o", "samples.png", ...on],
  reconstruct: ["reconstruct", RUN, "-o", "reconstructions.png", ...on],
};

test("damaged folders are used, or refused in a paragraph, and whole again they go on", hours, async () => {
  const damages = Array.from({ length: count("mutated folders", 6, 500) }, (_, i): Damage => {
    const whole = i % 2 === 0 ? half : finished;
    const name = Object.keys(DAMAGES)[i % Object.keys(DAMAGES).length]!;
    const inBoth = filesOf(whole).filter((file) => filesOf(other).includes(file));
    return { whole, name, file: one(inBoth), command: one(Object.keys(COMMANDS)) };
  });
  const lost = await lossesOf(damages, async (damage) => {
    const lost = await lossOf(damage);
    const { whole, file, name, command } = damage;
    return lost && `${command}, ${file} of ${whole === half ? "half a run" : "a run"} ${name}: ${lost}`;
  });
  tally("mutated run folders", damages.length, lost.length);
  expect(lost).toEqual([]);
});

async function lossOf(damage: Damage): Promise<string | undefined> {
  const { whole, file, name } = damage;
  const cwd = runs.placeWith(whole);
  const path = join(cwd, RUN, file);
  DAMAGES[name]!(path, damage);
  const ended = await command(COMMANDS[damage.command]!, { cwd });
  const wrong = complaint(ended) ?? excess(ended, usual);
  if (wrong !== undefined) return wrong;
  if (damage.command.startsWith("train") && ended.code === 0)
    return whole === half ? loss(ended, cwd, finished) : undefined;
  rmSync(path, { recursive: true, force: true });
  cpSync(join(whole, RUN, file), path, { recursive: true });
  const lost = loss(await goOn(train, { cwd }), cwd, finished);
  return lost && `made whole again after "${ended.stderr.trim()}": ${lost}`;
}
