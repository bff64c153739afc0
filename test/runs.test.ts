import { cpSync, existsSync, mkdirSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { PNG } from "pngjs";
import { beforeAll, describe, expect, test } from "vitest";
import { parse } from "yaml";
import { encodeIdx } from "../src/data/idx.ts";
import { finish, inFolder, tinyRun } from "./helpers/vae.ts";

/** What a run knows of itself, and what it refuses to mix: real processes on small data. */
const { folder, start, run, text, bytes } = inFolder();

const tiny = [...tinyRun, "--batch-size", "50", "--training.logEvery", "2"];

const wasm = ["--backend", "wasm", "--threads", "1"];

const train = (out: string, ...args: string[]) => run("train", ...tiny, "--out", out, ...args);
const record = (out: string) => JSON.parse(text(out, "run.json"));
const copy = (from: string, to: string) => cpSync(join(folder, from), join(folder, to), { recursive: true });
const edit = (out: string, file: string, change: (text: string) => string) =>
  writeFileSync(join(folder, out, file), change(text(out, file)));

const SAME = ["checkpoints/last.safetensors", "checkpoints/best.safetensors", "metrics.jsonl", "metrics.csv"];
const expectSame = (out: string, other: string) => {
  for (const file of SAME) expect(bytes(out, file).equals(bytes(other, file)), `${out}/${file}`).toBe(true);
};

beforeAll(async () => {
  expect(await train("done", "--epochs", "2")).toMatchObject({ code: 0 });
});

describe("a run knows its settings", () => {
  test.each([
    [
      "edited",
      (yaml: string) => yaml.replace("sigma: 0.35", "sigma: 0.2"),
      /likelihood\.sigma is 0\.2 there, 0\.35 in the run/,
    ],
    ["emptied", () => "", /is not what the run was trained with: .*; and \d+ more/],
  ])(
    "an %s config.yaml is refused with both values, by every command; deleted, it is not missed",
    async (name, change, told) => {
      copy("done", name);
      edit(name, "config.yaml", change);
      for (const args of [
        ["evaluate", name],
        ["sample", name],
        ["train", "--resume", "--out", name],
      ]) {
        const { code, stderr } = await run(...args, ...(args[0] === "train" ? [] : wasm));
        expect(code).toBe(1);
        expect(stderr).toMatch(told);
        expect(stderr).toMatch(
          /Correct it, or delete it: the settings that the checkpoint holds then count\.\n$/,
        );
      }
      rmSync(join(folder, name, "config.yaml"));
      const [first, second] = [
        await run("evaluate", "done", "--json", ...wasm),
        await run("evaluate", name, "--json", ...wasm),
      ];
      expect({ ...JSON.parse(second.stdout), figure: "" }).toEqual({
        ...JSON.parse(first.stdout),
        figure: "",
      });
      expect(await run("train", "--resume", "--out", name)).toMatchObject({ code: 0 });
      expect(text(name, "config.yaml")).toBe(text("done", "config.yaml"));
    },
  );
});

describe("a run knows its data", () => {
  const images = (seed: number, count = 90) =>
    encodeIdx({
      dims: [count, 6, 6],
      data: Uint8Array.from({ length: 36 * count }, (_, i) => (i * 37 * seed) % 251),
    });
  const own = [
    ...["--dataset", "idx", "--dataset.trainImages", "data.idx", "--hidden", "8", "--latent-dim", "2"],
    ...["--epochs", "1", "--backend", "wasm", "--threads", "1", "--quiet"],
  ];
  const png = (value: number) => {
    const image = new PNG({ width: 6, height: 6 });
    image.data.fill(255).forEach((_, i) => {
      if (i % 4 < 3) image.data[i] = (value * 29 + (i >> 2)) % 256;
    });
    return PNG.sync.write(image);
  };

  test("a file that was swapped is refused; accepted, the record stays what it was", async () => {
    writeFileSync(join(folder, "data.idx"), images(1));
    expect(await run("train", ...own, "--out", "idx")).toMatchObject({ code: 0 });
    const before = record("idx").dataset;
    writeFileSync(join(folder, "data.idx"), images(2));
    const resume = ["train", "--resume", "--out", "idx", "--epochs", "2", "--quiet"];
    for (const args of [["evaluate", "idx"], ["reconstruct", "idx"], ["explain", "idx"], resume]) {
      const { code, stderr } = await run(...args, ...(args === resume ? [] : wasm));
      expect(code, args[0]).toBe(1);
      expect(stderr).toMatch(
        /The data of idx have changed since it was trained: .*\d+ examples with sha256 [0-9a-f]{12} then, \d+ examples with sha256 [0-9a-f]{12} now.*--dataset-changed accept/,
      );
    }
    expect(record("idx")).toMatchObject({ status: "finished", dataset: before });
    expect(await run("evaluate", "idx", "--dataset-changed", "accept", ...wasm)).toMatchObject({ code: 0 });
    expect(await run(...resume, "--dataset-changed", "accept")).toMatchObject({ code: 0 });
    const { dataset, history } = record("idx");
    expect(dataset).toEqual(before);
    expect(Object.keys(history[0].data)).toEqual(["train", "validation", "test"]);
    expect(history[0].data).not.toEqual(before.splitHashes);
    // What it was trained on first is what counts, so the new ones are asked about again.
    expect(await run("evaluate", "idx", ...wasm)).toMatchObject({ code: 1 });
    writeFileSync(join(folder, "data.idx"), images(1));
    expect(await run("evaluate", "idx", ...wasm)).toMatchObject({ code: 0 });
  });

  test("a picture more in a folder is refused; the same ones elsewhere are not", async () => {
    const pictures = join(folder, "pictures");
    mkdirSync(pictures);
    for (let i = 0; i < 12; i++) writeFileSync(join(pictures, `${String(i).padStart(2, "0")}.png`), png(i));
    const args = own.slice(4);
    expect(
      await run("train", "--dataset", "images", "--dataset.path", "pictures", ...args, "--out", "png"),
    ).toMatchObject({ code: 0 });
    writeFileSync(join(pictures, "005.png"), png(99));
    expect((await run("evaluate", "png", ...wasm)).stderr).toMatch(/^Error: The data of png have changed/m);
    rmSync(join(pictures, "005.png"));
    cpSync(pictures, join(folder, "moved"), { recursive: true });
    rmSync(pictures, { recursive: true });
    edit("png", "config.yaml", (yaml) => yaml.replaceAll("/pictures", "/moved"));
    expect(await run("evaluate", "png", ...wasm)).toMatchObject({ code: 0 });
  });
});

describe("a run goes on with other settings", () => {
  test("another rate, β and more epochs under a schedule are kept as changes, and its config.yaml repeats it to the byte", async () => {
    const base = [
      "--epochs",
      "3",
      "--training.schedule",
      "cosine",
      "--training.warmupSteps",
      "4",
      "--sigma",
      "shared",
    ];
    expect(await train("changed", ...base)).toMatchObject({ code: 0 });
    const flags = ["--resume", "--out", "changed", "--epochs", "5", "--lr", "0.01", "--beta", "0.5"];
    const resumed = await run("train", ...flags);
    expect(resumed.code, resumed.stderr).toBe(0);
    for (const told of [
      "training.epochs 3 -> 5",
      "training.learningRate 0.001 -> 0.01",
      "objective.beta 1 -> 0.5",
    ]) {
      expect(resumed.stderr).toContain(`From step 15 on: ${told}.`);
    }
    const config = parse(text("changed/config.yaml"));
    expect(config.training).toMatchObject({ epochs: 3, learningRate: 0.001 });
    expect(config.changes).toEqual([
      { step: 15, training: { epochs: 5, learningRate: 0.01 }, objective: { beta: 0.5 } },
    ]);
    expect(record("changed").history[0].changes).toEqual(
      ["training.epochs 3 -> 5", "training.learningRate 0.001 -> 0.01", "objective.beta 1 -> 0.5"].toSorted(
        (a, b) => resumed.stderr.indexOf(a) - resumed.stderr.indexOf(b),
      ),
    );
    expect(JSON.parse(text("changed/summary.json"))).toMatchObject({ epochs: 5, beta: 0.5 });

    const repeated = await run("train", "changed/config.yaml", "--out", "again", "--quiet");
    expect(repeated.code, repeated.stderr).toBe(0);
    expectSame("again", "changed");
    expect(text("again/config.yaml")).toBe(text("changed/config.yaml"));

    // The same once more is nothing new; without more epochs nothing can change.
    expect(await run("train", ...flags)).toMatchObject({ code: 0 });
    expect(parse(text("changed/config.yaml")).changes).toEqual(config.changes);
    const late = await run("train", "--resume", "--out", "changed", "--lr", "0.1");
    expect(late.code).toBe(2);
    expect(late.stderr).toMatch(
      /changed has trained its 5 epochs, so training\.learningRate 0\.01 -> 0\.1 would change nothing/,
    );
  });

  test("in the middle of an epoch too, interrupted twice", async () => {
    const args = ["--epochs", "6", "--training.schedule", "linear"];
    const interrupt = async (child: ReturnType<typeof start>, rows: number) => {
      await expect
        .poll(
          () =>
            existsSync(join(folder, "middle/metrics.jsonl")) &&
            text("middle/metrics.jsonl").split("\n").length,
          { timeout: 30_000, interval: 5 },
        )
        .toBeGreaterThan(rows);
      child.kill("SIGINT");
      return finish(child);
    };
    const many = ["--dataset.trainCount", "3000", "--batch-size", "10"];
    expect((await interrupt(start(["train", ...tiny, ...many, ...args, "--out", "middle"]), 5)).code).toBe(
      130,
    );
    const second = start(["train", "--resume", "--out", "middle", "--lr", "0.005", "--quiet"]);
    expect((await interrupt(second, text("middle/metrics.jsonl").split("\n").length + 5)).code).toBe(130);
    const last = await run("train", "--resume", "--out", "middle", "--beta", "0.1", "--quiet");
    expect(last.code, last.stderr).toBe(0);
    const { changes } = parse(text("middle/config.yaml"));
    expect(changes.length).toBe(2);
    expect(await run("train", "middle/config.yaml", "--out", "middle-again", "--quiet")).toMatchObject({
      code: 0,
    });
    expectSame("middle-again", "middle");
  });

  test("more epochs without a schedule are simply more epochs", async () => {
    copy("done", "longer");
    expect(await run("train", "--resume", "--out", "longer", "--epochs", "3", "--quiet")).toMatchObject({
      code: 0,
    });
    expect(await train("straight", "--epochs", "3")).toMatchObject({ code: 0 });
    expectSame("longer", "straight");
    expect(text("longer/config.yaml")).toBe(text("straight/config.yaml"));
  });

  test("a change that the objective does not have is told where it is read", async () => {
    writeFileSync(
      join(folder, "bad.yaml"),
      "objective: { kind: iwae }\nchanges: [{ step: 3, objective: { beta: 2 } }]\n",
    );
    const { code, stderr } = await run("train", "bad.yaml");
    expect(code).toBe(2);
    expect(stderr).toMatch(/changes sets objective\.beta, but the objective is iwae, which has none/);
  });
});

describe("a run that diverges", () => {
  const wild = ["--lr", "1000", "--epochs", "2", "--likelihood", "bernoulli"];

  test("rolls back and goes on with half the rate, as often as it takes, and its config.yaml repeats it", async () => {
    const args = [...tiny.filter((flag) => flag !== "--quiet"), ...wild, "--on-divergence", "rollback"];
    const { code, stderr } = await run("train", ...args, "--out", "rolled");
    expect(code, stderr).toBe(0);
    expect(stderr).toMatch(/Rolled back to step 0, with learning rate 500 from there on/);
    const { changes } = parse(text("rolled/config.yaml"));
    const { history } = record("rolled");
    expect(history.at(-1)).toMatchObject({ event: "rolled back", step: changes.at(-1).step });
    expect(changes.at(-1).training.learningRate).toBeLessThan(1000);
    expect(
      await run("train", "rolled/config.yaml", "--out", "rolled-again", "--on-divergence", "stop", "--quiet"),
    ).toMatchObject({ code: 0 });
    for (const file of SAME.slice(2)) expect(text("rolled-again", file), file).toBe(text("rolled", file));
  });

  test("gives up where no rate helps", async () => {
    const { code, stderr } = await train("hopeless", "--sigma", "1e-30", "--on-divergence", "rollback");
    expect(code).toBe(3);
    expect(stderr.split("Rolled back to step 0").length).toBe(1 + 8);
    expect(record("hopeless").status).toBe("diverged");
  });
});

describe("half-made and damaged folders", () => {
  test("--resume of what is not there fails, and makes nothing", async () => {
    const { code, stderr } = await run("train", "--resume", "--out", "nowhere");
    expect(code).toBe(1);
    expect(stderr).toMatch(
      /^Error: There is no run nowhere to resume\. Without --resume the command starts one there/,
    );
    expect(existsSync(join(folder, "nowhere"))).toBe(false);
  });

  test("a folder that was killed before its first checkpoint is taken by the same command", async () => {
    mkdirSync(join(folder, "begun/checkpoints"), { recursive: true });
    writeFileSync(join(folder, "begun/checkpoints/.last.safetensors.1-1.unfinished"), "half");
    writeFileSync(join(folder, "begun/.run.lock.x.unfinished"), "");
    expect((await train("begun", "--resume")).stderr).toMatch(
      /holds no checkpoint, so there is nothing to resume\. The same command without --resume starts/,
    );
    expect(await train("begun", "--epochs", "2")).toMatchObject({ code: 0 });
    expectSame("begun", "done");
    expect(readdirSync(join(folder, "begun/checkpoints")).toSorted()).toEqual([
      "best.safetensors",
      "last.safetensors",
    ]);
  });

  test("a damaged line of metrics is named", async () => {
    copy("done", "line");
    edit("line", "metrics.jsonl", (lines) => lines.replace('"epoch":1', '"epoch":"one"'));
    const { code, stderr } = await run("train", "--resume", "--out", "line", "--epochs", "3");
    expect(code).toBe(1);
    expect(stderr).toMatch(/line\/metrics\.jsonl is damaged: line 1 is no line of metrics/);
  });
});
