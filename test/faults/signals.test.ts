import type { ChildProcess } from "node:child_process";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { beforeAll, describe, expect, test } from "vitest";
import { inFolder } from "../helpers/vae.ts";
import { count, tally } from "./counts.ts";

const { folder, start, run, text, bytes } = inFolder();

/** What everything ends within, after the signal, and where others keep disk and processor busy. */
const PROMISED_MS = 2000;
const LIMIT_MS = 3 * PROMISED_MS;

const SIGNALS = ["SIGINT", "SIGTERM", "SIGHUP"] as const;
type Signal = (typeof SIGNALS)[number];

interface Ended {
  readonly code: number | null;
  readonly killedBy: NodeJS.Signals | null;
  readonly stderr: string;
  /** From the signal to the end; negative where it had ended before. */
  readonly ms: number;
}

/** Sends a signal once `moment` has come, which sees what is on stderr. */
async function interrupt(
  args: readonly string[],
  signal: Signal,
  moment: (stderr: () => string, child: ChildProcess) => Promise<unknown>,
): Promise<Ended> {
  const child = start(args);
  let stderr = "";
  child.stderr!.on("data", (chunk) => {
    stderr += chunk;
  });
  child.stdout!.resume();
  let ended = 0;
  child.on("exit", () => {
    ended = performance.now();
  });
  const closed = new Promise<[number | null, NodeJS.Signals | null]>((resolve) =>
    child.on("close", (...how) => resolve(how)),
  );
  await moment(() => stderr, child);
  const sent = performance.now();
  child.kill(signal);
  const [code, killedBy] = await closed;
  return { code, killedBy, stderr, ms: ended - sent };
}

/** Until stderr says so. */
const said = (what: RegExp) => async (stderr: () => string, child: ChildProcess) => {
  while (!what.test(stderr()) && child.exitCode === null) await pause(5);
};

const last = ({ stderr }: Ended) => stderr.trim().split("\n").at(-1);

const tiny = [
  ...["--dataset.trainCount", "600", "--dataset.testCount", "300", "--dataset.validation", "200"],
  ...["--hidden", "8", "--latent-dim", "2", "--batch-size", "20", "--backend", "wasm", "--threads", "1"],
  ...["--epochs", "3", "--sigma", "shared", "--training.logEvery", "7"],
];

/** What a run is to end in, whatever happens to it. */
const FILES = [
  "checkpoints/best.safetensors",
  "checkpoints/last.safetensors",
  "metrics.jsonl",
  "metrics.csv",
] as const;

/** And is no zombie that nobody has waited for yet. */
const isRunning = (pid: string) =>
  existsSync(`/proc/${pid}/stat`) && !/\) Z /.test(readFileSync(`/proc/${pid}/stat`, "utf8"));

const leftovers = () =>
  (readdirSync(folder, { recursive: true }) as string[]).filter((file) => file.endsWith(".unfinished"));

async function expectResumed(out: string) {
  const { code, stderr } = await run("train", "--resume", "--out", out, "--quiet");
  expect(code, `${out}: ${stderr}`).toBe(0);
  for (const file of FILES)
    expect(bytes(out, file).equals(bytes("whole", file)), `${out}: ${file}`).toBe(true);
  const summary = (name: string) => ({ ...JSON.parse(text(name, "summary.json")), run: "" });
  expect(summary(out)).toEqual(summary("whole"));
}

let milliseconds = 0;
beforeAll(async () => {
  const started = performance.now();
  const { code, stderr } = await run("train", ...tiny, "--out", "whole", "--quiet");
  milliseconds = performance.now() - started;
  expect(code, stderr).toBe(0);
});

describe("a signal ends within two seconds, with 130 and what was kept,", () => {
  test("the drawing of digits", async () => {
    const ended = await interrupt(
      ["train", "--backend", "wasm", "--out", "undrawn"],
      "SIGINT",
      async (stderr, child) => {
        await said(/drawing digits/)(stderr, child);
        await pause(300);
      },
    );
    expect(ended).toMatchObject({ code: 130 });
    expect(ended.ms).toBeLessThan(LIMIT_MS);
    expect(last(ended)).toBe(
      "Interrupted while the dataset was read; nothing was written. The same command starts anew.",
    );
    expect(existsSync(join(folder, "undrawn"))).toBe(false);
  });

  test.each<[string, Signal, RegExp, RegExp]>([
    [
      "the first step",
      "SIGHUP",
      /\nloss = /,
      /^Interrupted after \d+ steps?, with a checkpoint\. Go on with: /,
    ],
    [
      "training",
      "SIGTERM",
      /\nepoch 1\/3 /,
      /^Interrupted after \d+ steps?, with a checkpoint\. Go on with: /,
    ],
    ["the final evaluation", "SIGINT", /\nepoch 3\/3 /, /^Interrupted .*Go on with: /],
  ])("%s", async (name, signal, when, says) => {
    const out = name.replaceAll(" ", "-");
    const ended = await interrupt(["train", ...tiny, "--out", out], signal, said(when));
    expect(ended.code, ended.stderr).toBe(130);
    expect(ended.ms).toBeLessThan(LIMIT_MS);
    expect(last(ended)).toMatch(says);
    expect(last(ended)).toMatch(new RegExp(`vae train --resume --out ${out}$`));
    expect(JSON.parse(text(out, "run.json")).status).toBe("interrupted");
    if (name !== "training") await expectResumed(out); // the moments below do
  });

  test("an evaluation, of which nothing is left", async () => {
    const ended = await interrupt(
      ["evaluate", "whole", "--backend", "wasm", "-o", "noise.png"],
      "SIGTERM",
      () => pause(milliseconds / 3),
    );
    expect(ended.code).toBe(130);
    expect(ended.ms).toBeLessThan(LIMIT_MS);
    expect(last(ended)).toMatch(/^Interrupted.*; nothing was written\. The same command starts anew\.$/);
    expect(existsSync(join(folder, "noise.png"))).toBe(false);
  });

  test("the doctor, and what it examines", async () => {
    let examined: string[] = [];
    const ended = await interrupt(["doctor", "--backend", "wasm"], "SIGTERM", async (stderr, child) => {
      await said(/examining wasm/)(stderr, child);
      while (examined.length === 0 && child.exitCode === null) {
        await pause(20);
        const file = `/proc/${child.pid}/task/${child.pid}/children`;
        examined = existsSync(file) ? readFileSync(file, "utf8").trim().split(" ").filter(Boolean) : ["0"];
      }
    });
    expect(ended.code).toBe(130);
    expect(ended.ms).toBeLessThan(LIMIT_MS);
    await expect.poll(() => examined.filter(isRunning), { timeout: LIMIT_MS }).toEqual([]);
  });
});

test("a second signal ends at once, with the last state whole", async () => {
  const ended = await interrupt(["train", ...tiny, "--out", "twice"], "SIGINT", async (stderr, child) => {
    await said(/\nepoch 2\/3 /)(stderr, child);
    child.kill("SIGINT");
    await pause(1);
  });
  expect(ended.code).toBe(130);
  expect(ended.ms).toBeLessThan(LIMIT_MS);
  await expectResumed("twice");
  expect(leftovers()).toEqual([]);
});

const moments = count("signals", 3, 100);

test(
  "signals at any moment of a run",
  async () => {
    const times: number[] = [];
    for (let i = 0; i < moments; i++) {
      const at = ((i + Math.random()) / moments) * milliseconds;
      const out = `moment-${i}`;
      const ended = await interrupt(["train", ...tiny, "--out", out], SIGNALS[i % 3]!, () => pause(at));
      const told = `${SIGNALS[i % 3]} after ${at.toFixed(0)} of ${milliseconds.toFixed(0)} ms: ${ended.stderr}`;
      expect(ended.ms, told).toBeLessThan(LIMIT_MS);
      times.push(ended.ms);
      // Before Node runs the first line of the program, a signal ends it as it ends any process.
      if (ended.code === null) expect([ended.killedBy, ended.stderr], told).toEqual([SIGNALS[i % 3], ""]);
      else expect([0, 130], told).toContain(ended.code);
      if (existsSync(join(folder, out))) await expectResumed(out);
    }
    expect(leftovers()).toEqual([]);
    expect(times.toSorted((a, b) => a - b)[Math.floor(moments / 2)]).toBeLessThan(PROMISED_MS);
    tally("signals", moments);
  },
  60_000 + 15_000 * moments,
);
