import { existsSync, readFileSync, statSync, utimesSync, writeFileSync } from "node:fs";
import { hostname } from "node:os";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { describe, expect, test } from "vitest";
import { command, complaint, type Ended, launch } from "./command.ts";
import { tally } from "./counts.ts";
import { goOn, loss, RUN, tinyRuns } from "./tinyRun.ts";

const runs = tinyRuns();
const train = runs.train();
/** It goes on for as long as it is let. */
const endless = [
  ...train,
  "--epochs",
  "100000",
  "--training.earlyStopping",
  "0",
  "--training.previewEvery",
  "0",
];
const resume = ["train", "--resume", "--out", RUN, "--quiet"];

const checkpointOf = (cwd: string, name = "last") => join(cwd, RUN, `checkpoints/${name}.safetensors`);

/** Waits for it, half a minute at most. */
async function until(happened: () => boolean): Promise<void> {
  for (let i = 0; i < 600 && !happened(); i++) await pause(50);
}

type Launched = ReturnType<typeof launch>;

/** A run that has an owner, who is past its first epoch. */
async function owned(cwd: string): Promise<Launched> {
  const owner = launch(endless, { cwd });
  const best = checkpointOf(cwd, "best");
  await until(() => existsSync(best) || owner.child.exitCode !== null);
  expect(existsSync(best)).toBe(true);
  return owner;
}

/** Interrupts those that still run, and says how each of them ended. */
async function interrupt(launched: readonly Launched[]): Promise<Ended[]> {
  for (const { child } of launched) child.kill("SIGINT");
  return Promise.all(launched.map(({ ended }) => ended));
}

/** Waits until only one of them is left, and checks that the others were told of it; then ends it. */
async function oneWins(launched: readonly Launched[]): Promise<void> {
  const over: Ended[] = [];
  for (const { ended } of launched) ended.then((how) => over.push(how));
  await until(() => over.length >= launched.length - 1);
  const running = launched.filter(({ child }) => child.exitCode === null);
  const [winner, ...more] = await interrupt(running);
  expect(over.slice(0, launched.length - 1).map(({ code, stderr }) => [code, stderr])).toEqual(
    Array(launched.length - 1).fill([1, expect.stringMatching(ownerIs(running[0]!.child.pid!))]),
  );
  expect(more).toEqual([]);
  expect(winner).toMatchObject({ code: 130 });
}

/** Who has it, where, and since when. */
const ownerIs = (pid: number) => new RegExp(`(?=.*\\b${pid}\\b)(?=.*${hostname()})(?=.*\\d\\d:\\d\\d)`);

/** No row of metrics is there twice. */
function expectRowsOnce(cwd: string): void {
  const lines = readFileSync(join(cwd, RUN, "metrics.jsonl"), "utf8")
    .split("\n")
    .slice(0, -1);
  const rows = lines
    .map((line) => JSON.parse(line))
    .map(({ event, step, split }) => `${event} ${step} ${split}`);
  expect(new Set(rows).size).toBe(rows.length);
}

describe("one owner", () => {
  test.each([
    ["--resume", resume],
    ["--overwrite", [...train, "--overwrite"]],
    ["the plain command", endless],
  ])("a live run is not to be had by %s", async (_, args) => {
    const cwd = runs.place();
    const owner = await owned(cwd);
    const second = await command(args, { cwd });
    const [first] = await interrupt([owner]);
    expect(complaint(second)).toBe(undefined);
    expect(second).toMatchObject({ code: 1, stderr: expect.stringMatching(ownerIs(owner.child.pid!)) });
    expect(first, first!.stderr).toMatchObject({ code: 130 });
    expectRowsOnce(cwd);
    expect(existsSync(join(cwd, RUN, "run.lock"))).toBe(false);
    tally("second owners", 1);
  });

  test("of two that resume at once one goes on", async () => {
    const cwd = runs.place();
    const owner = await owned(cwd);
    owner.child.kill("SIGKILL");
    await owner.ended;
    await oneWins([launch(resume, { cwd }), launch(resume, { cwd })]);
    expectRowsOnce(cwd);
    tally("second owners", 1);
  });

  test.each([
    ["eight that start it", 8, []],
    ["three that overwrite it", 3, ["--overwrite"]],
  ])("of %s at once one does", async (_, n, flags) => {
    const cwd = runs.place();
    if (flags.length > 0) expect(await command(train, { cwd })).toMatchObject({ code: 0 });
    await oneWins(
      Array.from({ length: n }, (_, seed) => launch([...endless, "--seed", String(seed), ...flags], { cwd })),
    );
    expect(existsSync(join(cwd, RUN, "run.lock"))).toBe(false);
    tally("second owners", n - 1);
  });
});

describe("a lock that nobody holds any more", () => {
  const DAY = 86_400_000;
  const dayBefore = (text: string) =>
    text
      .replaceAll(/\d{4}-\d\d-\d\dT[\d:.]+Z/g, (time) => new Date(Date.parse(time) - DAY).toISOString())
      .replaceAll(/\b1\d{12}\b/g, (time) => String(Number(time) - DAY));
  const elsewhere = (text: string) => text.replaceAll(hostname(), "elsewhere.invalid");

  /** A lock as a kill has left it, changed. */
  async function locked(change: (lock: string, pid: number) => string): Promise<string> {
    const cwd = runs.place();
    const owner = await owned(cwd);
    owner.child.kill("SIGKILL");
    await owner.ended;
    const lock = join(cwd, RUN, "run.lock");
    writeFileSync(lock, change(readFileSync(lock, "utf8"), owner.child.pid!));
    return cwd;
  }

  /** Whether one may go on with it. */
  async function expectTaken(cwd: string): Promise<void> {
    const { mtimeMs } = statSync(checkpointOf(cwd));
    const taken = launch(resume, { cwd });
    await until(() => statSync(checkpointOf(cwd)).mtimeMs > mtimeMs || taken.child.exitCode !== null);
    expect(await interrupt([taken])).toMatchObject([{ code: 130 }]);
    expectRowsOnce(cwd);
    tally("stale locks", 1);
  }

  test("of a process that is gone", async () => expectTaken(await locked((lock) => lock)));

  test("of a process whose number another has now", async () =>
    expectTaken(await locked((lock, pid) => lock.replaceAll(String(pid), String(process.pid)))));

  test.each([
    ["of a machine that no longer says that it lives", (lock: string) => dayBefore(elsewhere(lock))],
    ["that is empty", () => ""],
    ["that says nothing", () => "{}"],
  ])("%s", async (_, change) => {
    const cwd = await locked(change);
    const old = new Date(Date.now() - DAY);
    utimesSync(join(cwd, RUN, "run.lock"), old, old);
    await expectTaken(cwd);
  });

  test("but not of a machine that has just said so", async () => {
    const cwd = await locked(elsewhere);
    const refused = await command(resume, { cwd });
    expect(complaint(refused)).toBe(undefined);
    expect(refused).toMatchObject({ code: 1, stderr: expect.stringContaining("elsewhere.invalid") });
  });
});

test("whoever waits for the owner's end goes on to the undisturbed bytes", async () => {
  const [cwd, undisturbed] = [runs.place(), runs.place()];
  const [first, second] = [launch(train, { cwd }), launch(train, { cwd })];
  await Promise.all([first.ended, second.ended]);
  expect(await command(train, { cwd: undisturbed })).toMatchObject({ code: 0 });
  expect(loss(await goOn(train, { cwd }), cwd, undisturbed)).toBe(undefined);
});
