import { readFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, expect, test } from "vitest";
import { chance } from "./chance.ts";
import { command, complaint, type Fault, faulty, lossesOf } from "./command.ts";
import { count, tally } from "./counts.ts";
import { goOn, hours, loss, picturesGivenUp, RUN, tinyRuns } from "./tinyRun.ts";

const runs = tinyRuns();
const train = runs.train();
const undisturbed = runs.place();

/** Every operation on the files of the undisturbed run, `rename checkpoints/last.safetensors` say. */
let operations: string[];

beforeAll(async () => {
  const log = join(runs.root, "operations");
  const env = faulty(join(undisturbed, RUN), { log });
  const { code, stderr } = await command(train, { cwd: undisturbed, env });
  expect(code, stderr).toBe(0);
  expect(JSON.parse(readFileSync(join(undisturbed, RUN, "summary.json"), "utf8"))).toMatchObject({
    reason: "early-stopping",
    epochs: 3,
    checkpoint: { epoch: 2 },
  });
  operations = readFileSync(log, "utf8")
    .trim()
    .split("\n")
    .map((line) => line.slice(line.indexOf(" ") + 1));
  expect(operations.length).toBeGreaterThan(100);
});

/** A run that a fault strikes, and that goes on after it. */
async function disturbed(fault: Fault): Promise<string | undefined> {
  const cwd = runs.place();
  const struck = await command(train, { cwd, env: faulty(join(cwd, RUN), fault) });
  const said = struck.code === null ? undefined : complaint(struck);
  const lost = said ?? loss(await goOn(train, { cwd }), cwd, undisturbed, picturesGivenUp(struck));
  return lost && `${JSON.stringify(fault)}, ${operations[fault.at! - 1]}: ${lost}`;
}

/** All of the numbers of operations, or the telling ones (the first, those around checkpoints and the last) and some others. */
function numbers(name: string, small: number): number[] {
  const all = operations.map((_, i) => i + 1);
  const n = count(name, small, all.length);
  if (n >= all.length) return all;
  const renames = all.filter((at) => /^rename .*(last|summary)/.test(operations[at - 1]!));
  const telling = [1, 2, 5, renames[0]!, renames.at(-2)!, renames.at(-1)!, all.length];
  return [...new Set([...telling.slice(0, n), ...chance(2).some(all, Math.max(0, n - telling.length))])];
}

test("crashes before and in the midst of a file operation", hours, async () => {
  const points = numbers("crash points", 8);
  const cases = points.flatMap((at) =>
    points.length === operations.length ? [{ at }, { at, half: true }] : [{ at, half: at % 2 === 0 }],
  );
  const lost = await lossesOf(cases, disturbed);
  tally("crash points", cases.length, lost.length);
  expect(lost).toEqual([]);
});

test("file operations that fail", hours, async () => {
  const errors = ["ENOSPC", "EIO", "EACCES", "EMFILE"] as const;
  const cases = numbers("failing operations", 4).map((at, i) => ({
    at,
    error: errors[i % errors.length]!,
    half: i % 3 === 0,
    lasting: i % 8 < 4,
  }));
  const lost = await lossesOf(cases, disturbed);
  tally("failing operations", cases.length, lost.length);
  expect(lost).toEqual([]);
});
