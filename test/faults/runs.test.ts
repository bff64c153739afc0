import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, test } from "vitest";
import { finish, inFolder } from "../helpers/vae.ts";

const { folder, start, run, text, bytes } = inFolder();

const tiny = [
  ...["--dataset.trainCount", "300", "--dataset.testCount", "40", "--dataset.validation", "60"],
  ...[
    "--hidden",
    "8",
    "--latent-dim",
    "2",
    "--batch-size",
    "50",
    "--backend",
    "wasm",
    "--threads",
    "1",
    "--quiet",
  ],
];

describe("--overwrite deletes runs, and nothing else", () => {
  const others: [string, Record<string, string>][] = [
    ["a configuration of the user's", { "config.yaml": "training: { epochs: 1 }\n" }],
    ["a configuration among other things", { "config.yaml": "training: {}\n", "thesis.tex": "years" }],
    ["another program's run.json", { "run.json": '{"status":"done"}', "config.yaml": "" }],
    ["a damaged run.json", { "run.json": "{", "model.bin": "weights" }],
    ["other things", { "thesis.tex": "years" }],
  ];
  test.each(others)("not %s", async (name, files) => {
    const path = join(folder, name);
    mkdirSync(path);
    for (const [file, content] of Object.entries(files)) writeFileSync(join(path, file), content);
    const { code, stderr } = await run("train", ...tiny, "--out", name, "--overwrite");
    expect(code).toBe(1);
    expect(stderr).toMatch(/is there already and is not a run, so it is not touched/);
    expect(Object.fromEntries(readdirSync(path).map((file) => [file, text(name, file)]))).toEqual(files);
  });

  test("not a run with something of the user's in it; a run alone, yes", async () => {
    const args = ["train", ...tiny, "--epochs", "1", "--out", "mixed"];
    expect(await run(...args)).toMatchObject({ code: 0 });
    writeFileSync(join(folder, "mixed/notes.txt"), "remember");
    const refused = await run(...args, "--overwrite");
    expect(refused.code).toBe(1);
    expect(refused.stderr).toMatch(/holds what no run has written \(notes\.txt\)/);
    expect(existsSync(join(folder, "mixed/checkpoints/best.safetensors"))).toBe(true);

    const before = bytes("mixed/checkpoints/best.safetensors");
    cpSync(join(folder, "mixed"), join(folder, "alone"), { recursive: true });
    writeFileSync(join(folder, "alone/.run.json.1-1.unfinished"), "half");
    rmSync(join(folder, "alone/notes.txt"));
    const again = ["train", ...tiny, "--epochs", "1", "--out", "alone", "--overwrite"];
    expect(await run(...again)).toMatchObject({ code: 0 });
    expect(bytes("alone/checkpoints/best.safetensors")).toEqual(before);
    expect(readdirSync(join(folder, "alone")).filter((file) => file.endsWith(".unfinished"))).toEqual([]);
  });
});

describe("killed after an epoch was saved that is to stop it", () => {
  const args = [
    ...["train", ...tiny, "--lr", "0.3", "--training.earlyStopping", "1", "--epochs", "9"],
    ...["--sigma", "shared", "--training.logEvery", "2"],
  ];

  /** Kills the process at the n-th rename of a file. */
  const killer = join(folder, "killer.cjs");
  beforeAll(() => {
    writeFileSync(
      killer,
      `const fs = require("node:fs/promises");
       const { syncBuiltinESMExports } = require("node:module");
       const { isMainThread } = require("node:worker_threads");
       const { rename } = fs;
       let n = 0;
       if (isMainThread) {
         fs.rename = (from, to) => {
           if (to.startsWith("/")) return rename(from, to); // of the cache; the run is told by its name alone
           n++;
           if (process.env.RENAMES) require("node:fs").appendFileSync(process.env.RENAMES, to + "\\n");
           if (n === Number(process.env.KILL_AT)) process.kill(process.pid, "SIGKILL");
           return rename(from, to);
         };
         syncBuiltinESMExports();
       }`,
    );
  });

  test("a run goes on from any file to the bytes of the undisturbed one", async () => {
    const list = join(folder, "renames.txt");
    const hooked = { NODE_OPTIONS: `--require ${killer}` };
    const whole = await finish(start([...args, "--out", "whole"], { ...hooked, RENAMES: list }));
    expect(whole.code, whole.stderr).toBe(0);
    expect(JSON.parse(text("whole/summary.json")).reason).toBe("early-stopping");
    const renames = readFileSync(list, "utf8").trim().split("\n");
    const summaryAt = renames.findIndex((file) => file.endsWith("summary.json")) + 1;
    const lastAt = renames.findLastIndex((file) => file.endsWith("last.safetensors")) + 1;
    expect(lastAt).toBeGreaterThan(5);
    expect(summaryAt).toBeGreaterThan(lastAt);
    // Before the checkpoints of the last epoch, between them, and right before the summary.
    for (const at of [lastAt - 3, lastAt, summaryAt]) {
      const out = `killed-${at}`;
      const killed = await finish(start([...args, "--out", out], { ...hooked, KILL_AT: String(at) }));
      expect(killed.code, `at rename ${at} of ${renames.length}: ${killed.stderr}`).toBe(null);
      const resumed = await run("train", "--resume", "--out", out, "--quiet");
      expect(resumed.code, resumed.stderr).toBe(0);
      for (const file of [
        "metrics.jsonl",
        "metrics.csv",
        "checkpoints/best.safetensors",
        "checkpoints/last.safetensors",
      ]) {
        expect(bytes(out, file).equals(bytes("whole", file)), `${file} after a kill at rename ${at}`).toBe(
          true,
        );
      }
      const summary = (name: string) => ({ ...JSON.parse(text(name, "summary.json")), run: "" });
      expect(summary(out)).toEqual(summary("whole"));
    }
  });
});

test("an update that spoils the weights while its loss was finite is divergence, and saves nothing", async () => {
  const { code, stderr } = await run(
    ...["train", ...tiny, "--epochs", "1", "--lr", "1e30", "--likelihood", "bernoulli", "--out", "spoilt"],
    ...["--batch-size", "300", "--training.step", "eager"],
  );
  expect(code).toBe(3);
  expect(stderr).toMatch(
    /^Error: The validation loss is not finite after step 1, the end of epoch 1: the first tensor with a bad value is .*: likely from .*\. Nothing of this epoch was saved; the last checkpoint is from before the first step\. Try a lower --lr/,
  );
  expect(readdirSync(join(folder, "spoilt/checkpoints"))).toEqual(["last.safetensors"]);
  expect(JSON.parse(text("spoilt/run.json")).status).toBe("diverged");
});
