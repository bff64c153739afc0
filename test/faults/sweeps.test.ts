import { readdirSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, expect, test } from "vitest";
import { chance } from "./chance.ts";
import { command, complaint, launch } from "./command.ts";
import { count, tally } from "./counts.ts";
import { contents, hours, settings, tinyRuns } from "./tinyRun.ts";

const runs = tinyRuns();
const whole = runs.place();
const sweep = ["sweep", ...settings(runs.data), "--seed", "0,1", "--out", "sweep", "--jobs", "2"];
const patient = { killAfter: 280_000 };
let milliseconds = 0;

beforeAll(async () => {
  const before = performance.now();
  const { code, stderr } = await command(sweep, { cwd: whole, ...patient });
  expect(code, stderr).toBe(0);
  milliseconds = performance.now() - before;
});

/** What differs from the undisturbed sweep. */
function differing(place: string): string[] {
  const names = (folder: string) => readdirSync(join(folder, "sweep")).toSorted();
  expect(names(whole)).toEqual(["cells.jsonl", "seed=0", "seed=1"]);
  if (names(place).join() !== names(whole).join()) return names(place);
  return ["seed=0", "seed=1"].flatMap((cell) => {
    const [found, wanted] = [place, whole].map((folder) => contents(join(folder, "sweep", cell)));
    return [...new Set([...found!.keys(), ...wanted!.keys()])]
      .filter((file) => found!.get(file) !== wanted!.get(file))
      .map((file) => `${cell}/${file}`);
  });
}

const SIGNALS = ["SIGKILL", "SIGINT", "SIGKILL", "SIGTERM"] as const;

test("a sweep that is killed at a random moment goes on as if nothing had happened", hours, async () => {
  const { below } = chance(18);
  const kills = count("sweep kills", 2, 20);
  const lost: string[] = [];
  let place = runs.place();
  for (let i = 0; i < kills; i++) {
    const after = below(Math.ceil(milliseconds));
    const { child, ended } = launch(sweep, { cwd: place, ...patient });
    const timer = setTimeout(() => child.kill(SIGNALS[i % SIGNALS.length]), after);
    await ended;
    clearTimeout(timer);
    if (i % 2 === 0) continue; // and once more
    const last = await command(sweep, { cwd: place, ...patient });
    const wrong = complaint(last) ?? (last.code === 0 ? differing(place).join(", ") : last.stderr);
    if (wrong !== "") lost.push(`${SIGNALS[i % SIGNALS.length]} after ${after} ms: ${wrong}`);
    place = runs.place();
  }
  tally("sweep kills", kills, lost.length);
  expect(lost).toEqual([]);
});
