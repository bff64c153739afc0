import {
  cpSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { dirname, join } from "node:path";
import { beforeAll, expect, test } from "vitest";
import { encodeSafetensors } from "../../src/runs/safetensors.ts";
import { command, commandHere, complaint } from "./command.ts";
import { tally } from "./counts.ts";
import { loss, RUN, tinyRuns } from "./tinyRun.ts";

const runs = tinyRuns();
const overwrite = [...runs.train(), "--overwrite"];
const run = runs.place();

beforeAll(async () => {
  expect(await command(runs.train(), { cwd: run })).toMatchObject({ code: 0 });
});

const thesis = { "thesis.tex": "years" };
const weights = Buffer.from(encodeSafetensors({ tensors: new Map(), metadata: { format: "pt" } }));
const record = '{"status":"done","versions":{"torch":"2.4"}}';

type Files = Readonly<Record<string, string | Buffer>>;

/** Folders that are no runs, by their files. */
const FOLDERS: Readonly<Record<string, Files>> = {
  "other things": thesis,
  "something hidden": { ".env": "KEY=1" },
  "folders in folders": { "src/a/b/c.ts": "export {}" },
  "a repository": { ".git/HEAD": "ref: refs/heads/main", ".git/objects/ab/cdef": "x" },
  "a configuration": { "config.yaml": "training: { epochs: 1 }\n" },
  "a configuration among other things": { "config.yaml": "training: {}\n", ...thesis },
  "an empty configuration": { "config.yaml": "" },
  "another program's record": { "run.json": record, "config.yaml": "" },
  "a damaged record": { "run.json": "{", "model.bin": "weights" },
  "a record that is a folder": { "run.json/run.json": record },
  "a record that is a list": { "run.json": "[]" },
  "another program's checkpoints": { "checkpoints/last.safetensors": weights },
  "another program's run": {
    "checkpoints/best.safetensors": weights,
    "metrics.csv": "a,b\n",
    "run.json": record,
  },
  "checkpoints of another kind": { "checkpoints/epoch1.pt": "weights" },
  "checkpoints that are a file": { checkpoints: "not today" },
  "noise for a checkpoint": { "checkpoints/last.safetensors": "\0\0\0" },
  "metrics alone": { "metrics.csv": "step,loss\n1,2\n", "metrics.jsonl": "{}\n" },
  "pictures alone": { "figures/loss.png": "PNG", "figures/holiday.png": "PNG" },
  "a summary alone": { "summary.json": '{"run":"x"}' },
  "a lock of something else": { "run.lock": "4711\n", "data.db": "rows" },
};

/** Runs with something of the user's in them. */
const ADDED: Readonly<Record<string, Files>> = {
  "notes in a run": { "notes.txt": "remember" },
  "a folder in a run": { "data/images.idx": "bytes" },
  "a picture among a run's": { "figures/mine.png": "PNG" },
  "a checkpoint among a run's": { "checkpoints/epoch-7.safetensors": weights },
};

function write(folder: string, files: Files): void {
  for (const [name, content] of Object.entries(files)) {
    mkdirSync(join(folder, dirname(name)), { recursive: true });
    writeFileSync(join(folder, name), content);
  }
}

/** Every file, folder and link below. */
const everything = (folder: string) =>
  readdirSync(folder, { recursive: true, encoding: "utf8" })
    .toSorted()
    .map((name) => {
      const path = join(folder, name);
      const kind = lstatSync(path);
      if (kind.isSymbolicLink()) return [name, readlinkSync(path)];
      return [name, kind.isFile() ? readFileSync(path, "latin1") : "a folder"];
    });

/** Asks for a place's folder to be overwritten, which must be refused and change nothing. */
async function lossAt(cwd: string, args = overwrite): Promise<string | undefined> {
  const before = everything(cwd);
  const ended = await commandHere(args, cwd);
  const wrong = complaint(ended);
  if (wrong !== undefined) return wrong;
  expect(everything(cwd)).toEqual(before);
  return ended.code === 1 ? undefined : `exit ${ended.code}`;
}

test("--overwrite deletes nothing that no run has written", async () => {
  const kinds: Readonly<Record<string, (path: string) => void>> = {
    ...Object.fromEntries(
      Object.entries(FOLDERS).map(([name, files]) => [name, (path: string) => write(path, files)]),
    ),
    ...Object.fromEntries(
      Object.entries(ADDED).map(([name, files]) => [
        name,
        (path: string) => {
          cpSync(join(run, RUN), path, { recursive: true });
          write(path, files);
        },
      ]),
    ),
    "a file": (path) => writeFileSync(path, "years"),
    "a link to other things": (path) => {
      write(`${path}-elsewhere`, thesis);
      symlinkSync(`${path}-elsewhere`, path);
    },
    "a folder of runs": (path) => cpSync(run, path, { recursive: true }),
  };
  const lost: string[] = [];
  for (const [name, make] of Object.entries(kinds)) {
    const cwd = runs.place();
    make(join(cwd, RUN));
    const loss = await lossAt(cwd).catch((error) => String(error).slice(0, 300));
    if (loss !== undefined) lost.push(`${name}: ${loss}`);
  }
  tally("folders that are no run", Object.keys(kinds).length, lost.length);
  expect(lost).toEqual([]);
});

test("nor the folder that it is started in", async () => {
  const cwd = runs.place();
  write(cwd, { ...thesis, "config.yaml": "training: {}\n" });
  expect(await lossAt(cwd, [...overwrite, "--out", "."])).toBe(undefined);
});

test("a run it does, with its evaluations and with what a crash has left there", async () => {
  const cwd = runs.placeWith(run);
  write(join(cwd, RUN), { "evaluations.jsonl": "{}\n", ".run.json.1-1.unfinished": "half" });
  rmSync(join(cwd, RUN, "summary.json"));
  expect(loss(await command(overwrite, { cwd }), cwd, run)).toBe(undefined);
  expect(existsSync(join(cwd, RUN, "evaluations.jsonl"))).toBe(false);
});
