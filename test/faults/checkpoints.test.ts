import { copyFileSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, expect, test } from "vitest";
import { chance } from "./chance.ts";
import { command, commandHere, complaint } from "./command.ts";
import { count, tally } from "./counts.ts";
import { mutations } from "./mutations.ts";
import { hours, RUN, tinyRuns } from "./tinyRun.ts";

const runs = tinyRuns();
const place = runs.place();
const run = join(place, RUN);
const file = (name: "best" | "last") => join(run, "checkpoints", `${name}.safetensors`);

const random = chance(6);
const { below, one } = random;
const { around, mutated } = mutations(random);
let best: Buffer;
let last: Buffer;

beforeAll(async () => {
  expect(await command(runs.train(), { cwd: place })).toMatchObject({ code: 0 });
  best = readFileSync(file("best"));
  last = readFileSync(file("last"));
});

/** What reads a checkpoint. */
async function sample(): Promise<{ code: number | string | null; stderr: string }> {
  const args = [
    "sample",
    run,
    "-n",
    "1",
    "-o",
    join(place, "samples.png"),
    "--backend",
    "wasm",
    "--threads",
    "1",
  ];
  return commandHere(args).catch((error) => ({ code: String((error as Error).stack), stderr: "" }));
}

const edited = (edit: (bytes: Buffer) => Buffer | undefined) => {
  const bytes = Buffer.from(best);
  return edit(bytes) ?? bytes;
};

function withHeader(bytes: Buffer, change: (header: unknown) => unknown): Buffer {
  const end = 8 + Number(bytes.readBigUInt64LE());
  const header = Buffer.from(JSON.stringify(change(JSON.parse(bytes.toString("utf8", 8, end)))));
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(header.length));
  return Buffer.concat([length, header, bytes.subarray(end)]);
}

const DAMAGES: Readonly<Record<string, () => Buffer>> = {
  "a flipped bit": () =>
    edited((bytes) => {
      bytes[below(bytes.length)]! ^= 1 << below(8);
      return bytes;
    }),
  "a flipped byte": () =>
    edited((bytes) => {
      bytes[below(bytes.length)]! ^= 0xff;
      return bytes;
    }),
  "a short file": () => edited((bytes) => bytes.subarray(0, below(bytes.length))),
  "bytes after its end": () => edited((bytes) => Buffer.concat([bytes, bytes.subarray(0, 1 + below(64))])),
  "a page of zeros": () => edited((bytes) => bytes.fill(0, ...around(bytes.length, 512))),
  "a piece left out": () =>
    edited((bytes) => {
      const [from, to] = around(bytes.length, 64);
      return Buffer.concat([bytes.subarray(0, from), bytes.subarray(to)]);
    }),
  "a piece of another checkpoint": () =>
    edited((bytes) => {
      const [from, to] = around(Math.min(bytes.length, last.length), 2048);
      last.copy(bytes, from, from, to);
      return bytes;
    }),
  "another length of its header": () =>
    edited((bytes) => {
      bytes.writeBigUInt64LE(
        one([0n, 1n, 7n, 2n ** 31n, 2n ** 53n, 2n ** 64n - 1n, BigInt(below(bytes.length))]),
      );
      return bytes;
    }),
  "another header": () => edited((bytes) => withHeader(bytes, mutated)),
};

test("damaged checkpoints are refused, every one", hours, async () => {
  expect(await sample()).toMatchObject({ code: 0 });
  const damages = Object.entries(DAMAGES);
  const lost: string[] = [];
  const n = count("mutated checkpoints", 150, 500);
  for (let i = 0; i < n; ) {
    const [name, damage] = damages[i % damages.length]!;
    const bytes = damage();
    if (bytes.equals(best)) continue;
    i++;
    writeFileSync(file("best"), bytes);
    const { code, stderr } = await sample();
    if (code !== 1 || !stderr.includes("best.safetensors") || stderr.trim().includes("\n"))
      lost.push(`${name}: exit ${code}: ${stderr.trim()}`);
  }
  writeFileSync(file("best"), best);
  expect(await sample()).toMatchObject({ code: 0 });
  tally("mutated checkpoints", n, lost.length);
  expect(lost).toEqual([]);
});

test("and by every command", async () => {
  const damaged = DAMAGES["a flipped bit"]!();
  writeFileSync(file("best"), damaged);
  copyFileSync(file("best"), file("last"));
  for (const args of [
    ["evaluate", RUN, "--backend", "wasm"],
    ["reconstruct", RUN, "--backend", "wasm"],
    ["train", "--resume", "--out", RUN, "--epochs", "10", "--training.earlyStopping", "0"],
  ]) {
    const ended = await command(args, { cwd: place });
    expect(complaint(ended)).toBe(undefined);
    expect(ended).toMatchObject({ code: 1, stderr: expect.stringContaining(".safetensors") });
  }
  expect(readFileSync(file("best")).equals(damaged)).toBe(true);
});
