import { chmodSync, chownSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, test } from "vitest";
import { describeUnless, testUnless } from "../helpers/missing.ts";
import { type Circumstances, command, complaint, lossesOf } from "./command.ts";
import { count, tally } from "./counts.ts";
import { mountDisk, whyNoDisks } from "./disks.ts";
import { contents, goOn, hours, loss, RUN, tinyRuns, trainUntilKilled } from "./tinyRun.ts";

process.umask(0o022); // what one user writes, another may read
const runs = tinyRuns();
chmodSync(runs.root, 0o755);
const train = runs.train();
const undisturbed = runs.place();
const half = runs.place();

beforeAll(async () => {
  expect(await command(train, { cwd: undisturbed })).toMatchObject({ code: 0 });
  await trainUntilKilled(train, half);
});

const resume = ["train", "--resume", "--out", RUN, "--quiet"];
const evaluate = ["evaluate", RUN, "--backend", "wasm", "--threads", "1"];

/** A command that must fail in a paragraph and change nothing, however the folder is closed to it. */
async function refuse(args: readonly string[], circumstances: Circumstances, why: RegExp): Promise<void> {
  const before = bytes(circumstances.cwd);
  const ended = await command(args, circumstances);
  expect(complaint(ended)).toBe(undefined);
  expect(ended).toMatchObject({ code: 1, stderr: expect.stringMatching(why) });
  expect(bytes(circumstances.cwd)).toEqual(before);
}

const bytes = (folder: string) =>
  [...contents(folder)].map(([name, content]) => `${name} ${content.length}`).toSorted();

describeUnless(whyNoDisks(join(runs.root, "disk")), "a read-only disk", () => {
  test("takes no run, and keeps the one that it has", hours, async () => {
    const cwd = runs.place();
    const disk = mountDisk(cwd);
    try {
      disk.remount("ro");
      await refuse(train, { cwd }, /read-only \(EROFS\)/);
      disk.remount("rw");
      await trainUntilKilled(train, cwd);
      disk.remount("ro");
      await refuse(resume, { cwd }, /read-only \(EROFS\)/);
      await refuse([...train, "--overwrite"], { cwd }, /read-only \(EROFS\)/);
      disk.remount("rw");
      expect(loss(await goOn(train, { cwd }), cwd, undisturbed)).toBe(undefined);
      disk.remount("ro");
      expect(complaint(await command(evaluate, { cwd }))).toBe(undefined);
      expect(complaint(await command([...evaluate, "--json"], { cwd }))).toBe(undefined);
    } finally {
      disk.unmount();
    }
    tally("read-only disks", 1);
  });
});

/** Another user, where one may become another. */
const nobody = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"];
const whyNobody = (await asNobody()) ? undefined : "nobody else can run the program here";

async function asNobody(): Promise<boolean> {
  try {
    return (await command(["--version"], { cwd: runs.root, through: nobody })).code === 0;
  } catch {
    return false;
  }
}

testUnless(whyNobody, "another user's run can be read, and is not written to", async () => {
  const cwd = runs.placeWith(half);
  await refuse(resume, { cwd, through: nobody }, /no permission \(EACCES\)/);
  await refuse([...train, "--overwrite"], { cwd, through: nobody }, /no permission \(EACCES\)/);
  expect(loss(await goOn(train, { cwd }), cwd, undisturbed)).toBe(undefined);
  const { code, stderr } = await command([...evaluate, "--json"], { cwd, through: nobody });
  expect(code, stderr).toBe(0);
  tally("runs of others", 1);
});

describe("what the user may not touch", () => {
  /** Root may touch everything, so somebody else is to be refused. */
  const through = whyNobody === undefined ? nobody : [];

  test.each([
    ["the folder", "."],
    ["its checkpoints", "checkpoints"],
  ])("%s: nothing is lost", async (_, name) => {
    const cwd = runs.placeWith(half);
    const path = join(cwd, RUN, name);
    if (whyNobody === undefined) give(cwd, 65534);
    chmodSync(path, 0o555);
    const struck = await command(resume, { cwd, through });
    expect(complaint(struck)).toBe(undefined);
    expect(struck).toMatchObject({ code: 1, stderr: expect.stringMatching(/no permission \(EACCES\)/) });
    chmodSync(path, 0o755);
    expect(loss(await goOn(train, { cwd, through }), cwd, undisturbed)).toBe(undefined);
    tally("closed folders", 1);
  });
});

function give(folder: string, user: number): void {
  for (const name of ["", ...readdirSync(folder, { recursive: true, encoding: "utf8" })])
    chownSync(join(folder, name), user, user);
}

test("too few file handles: said in a paragraph, and nothing is lost", hours, async () => {
  const limit = (n: number) => ["prlimit", `--nofile=${n}`];
  // Where Node itself does not start, nobody can say anything.
  const n = count("file handles", 2, 60);
  const limits = Array.from({ length: n }, (_, i) => 34 + Math.round((i * 120) / n));
  const lost = await lossesOf(limits, async (handles) => {
    const cwd = runs.placeWith(half);
    const wrong = complaint(await command(resume, { cwd, through: limit(handles) }));
    const lost = wrong ?? loss(await goOn(train, { cwd }), cwd, undisturbed);
    return lost && `${handles} handles: ${lost}`;
  });
  tally("limits of file handles", limits.length, lost.length);
  expect(lost).toEqual([]);
});
