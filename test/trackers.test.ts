import { execFileSync, spawnSync } from "node:child_process";
import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, test } from "vitest";
import { loadConfig } from "../src/config/load.ts";
import { encodePng } from "../src/figures/imageGrid.ts";
import { RunFolder } from "../src/runs/runFolder.ts";
import { openTrackers } from "../src/runs/trackers/index.ts";
import type { Metrics } from "../src/training/metrics.ts";
import { crc32c, eventFiles, fieldsOf, readEventFile, shownIn, textOf } from "./helpers/eventFiles.ts";
import { madeUpRun } from "./helpers/madeUpRuns.ts";
import { testUnless } from "./helpers/missing.ts";
import { inFolder, tinyRun } from "./helpers/vae.ts";

const { folder, run, text } = inFolder();

const config = loadConfig(
  undefined,
  new Map([
    ["training.log", "tensorboard"],
    ["objective.beta", "4"],
    ["model.network.hidden", "32,16"],
  ]),
);

const metrics = (loss: number): Metrics => ({ loss, quantities: { rate: 2 }, elbo: -loss, bitsPerDim: 0.5 });

const stepEvent = (step: number, loss: number) => ({
  type: "step" as const,
  ...{ epoch: 1, step, metrics: metrics(loss), controls: { beta: 4 }, learningRate: 0.001 },
});

const epochEvent = (epoch: number, step: number, loss: number) => ({
  type: "epoch" as const,
  ...{ epoch, step, train: metrics(loss + 1), validation: metrics(loss), controls: { beta: 4 } },
  ...{ learningRate: 0.001, improved: true, imagesPerSecond: 1000, seconds: 1 },
});

const warnings: string[] = [];
const track = (name: string, step: number) =>
  openTrackers({ folder: RunFolder.open(join(folder, name)), config, step }, (text) => warnings.push(text));

const picture = (level: number) => encodePng(Buffer.alloc(12, level), 4, 3, 1);

/** Killed after step 5 with a checkpoint of step 4, resumed, and finished at step 8. */
beforeAll(async () => {
  madeUpRun(join(folder, "made-up"));
  const drawn = join(folder, "made-up", "figures", "samples.png");
  const first = await track("made-up", 0);
  await first.record(stepEvent(2, 90));
  await first.record(epochEvent(1, 4, 80));
  await first.record(stepEvent(5, 66));
  await first.close();
  const second = await track("made-up", 4);
  mkdirSync(join(drawn, ".."));
  writeFileSync(drawn, picture(1));
  await second.record(stepEvent(6, 77));
  await second.record(epochEvent(2, 8, 70));
  await second.record(epochEvent(3, 12, 60)); // with the same picture
  writeFileSync(drawn, picture(2));
  await second.finish({ splits: { validation: { elbo: -71 } } } as never);
  await second.close();
  expect(warnings).toEqual([]);
});

const tensorboard = (...path: string[]) => join(folder, "made-up", "tensorboard", ...path);

describe("TensorBoard's event files", () => {
  test("the reader knows the checksum", () => {
    expect(crc32c(Buffer.from("123456789"))).toBe(0xe3069283); // the check value of CRC-32C
  });

  test("a resumed run has a file more, begins it by taking back what is after its checkpoint, and goes on with the steps", () => {
    const [first, second, ...others] = eventFiles(tensorboard("train")).map(readEventFile);
    expect(others).toEqual([]);
    expect(textOf(first![0]!.get(3)![0])).toBe("brain.Event:2");
    expect(first![1]!.has(7)).toBe(true); // TensorBoard takes nothing back for the first that it sees
    expect(second![1]!.get(2)).toEqual([5]);
    expect(fieldsOf(second![1]!.get(7)![0] as Uint8Array).get(1)).toEqual([1]); // SessionLog START
    const shown = shownIn(tensorboard("train"));
    expect(shown["step/loss"]).toEqual([
      [2, 90],
      [6, 77],
    ]);
    expect(shown["epoch/loss"]).toEqual([
      [4, 81],
      [8, 71],
      [12, 61],
    ]);
    expect(shown["step/beta"]![0]).toEqual([2, 4]);
  });

  test("validation has the same tags, so that both are in one chart, and the best at the end", () => {
    const shown = shownIn(tensorboard("validation"));
    expect(shown["epoch/elbo"]).toEqual([
      [4, -80],
      [8, -70],
      [12, -60],
    ]);
    expect(shown["best/elbo"]).toEqual([[12, -71]]);
  });

  test("pictures are there when they were drawn anew, and settings as HParams", () => {
    const shown = shownIn(tensorboard());
    expect(shown["samples"]!.map(([step]) => step)).toEqual([8]);
    const image = (tag: string) => fieldsOf(shown[tag]![0]![1] as Uint8Array);
    expect([1, 2, 3].map((field) => image("samples").get(field)![0])).toEqual([3, 4, 1]);
    expect(picture(1).equals(image("samples").get(4)![0] as Uint8Array)).toBe(true);
    expect(picture(2).equals(image("best/samples").get(4)![0] as Uint8Array)).toBe(true);
    const plugin = fieldsOf(
      fieldsOf(shown["_hparams_/session_start_info"]![0]![1] as Uint8Array).get(1)![0] as Uint8Array,
    );
    expect(textOf(plugin.get(1)![0])).toBe("hparams");
    const start = fieldsOf(fieldsOf(plugin.get(2)![0] as Uint8Array).get(3)![0] as Uint8Array);
    const hparams = new Map(
      start.get(1)!.map((entry) => {
        const fields = fieldsOf(entry as Uint8Array);
        const value = fieldsOf(fields.get(2)![0] as Uint8Array);
        return [textOf(fields.get(1)![0]), value.get(2)?.[0] ?? textOf(value.get(3)![0])];
      }),
    );
    expect(Object.fromEntries(hparams)).toMatchObject({
      "objective.beta": 4,
      "model.network.hidden": "32,16",
      "likelihood.kind": "gaussian",
    });
    expect(hparams.has("backend")).toBe(false);
  });

  const python = process.env["VAE_PYTHON"] ?? "python3";
  const hasTensorboard = spawnSync(python, ["-c", "import tensorboard"], { stdio: "ignore" }).status === 0;

  testUnless(
    hasTensorboard ? undefined : "no TensorBoard (VAE_PYTHON names a Python that has the package)",
    "its own package reads the same",
    () => {
      const program = `
import json, sys
from tensorboard.backend.event_processing.plugin_event_multiplexer import EventMultiplexer
from tensorboard.plugins.hparams.plugin_data_pb2 import HParamsPluginData
from tensorboard.util import tensor_util
events = EventMultiplexer(size_guidance={"tensors": 0}).AddRunsFromDirectory(sys.argv[1])
events.Reload()
found = {}
for run, tags in events.Runs().items():
    for tag in tags["tensors"]:
        plugin = events.SummaryMetadata(run, tag).plugin_data
        tensors = events.Tensors(run, tag)
        if plugin.plugin_name == "scalars":
            found[run + " " + tag] = [[e.step, float(tensor_util.make_ndarray(e.tensor_proto))] for e in tensors]
        elif plugin.plugin_name == "images":
            found[run + " " + tag] = [[e.step, len(tensor_util.make_ndarray(e.tensor_proto)[2])] for e in tensors]
        elif tag.endswith("start_info"):
            start = HParamsPluginData.FromString(plugin.content).session_start_info
            found["beta"] = start.hparams["objective.beta"].number_value
print(json.dumps(found))`;
      const found = JSON.parse(
        execFileSync(python, ["-c", program, tensorboard()], { encoding: "utf8", stdio: "pipe" }),
      );
      for (const name of ["train", "validation"]) {
        for (const [tag, values] of Object.entries(shownIn(tensorboard(name))))
          expect(found[`${name} ${tag}`], tag).toEqual(values);
      }
      expect(found[". samples"]).toEqual([[8, picture(1).length]]);
      expect(found["beta"]).toBe(4);
    },
  );
});

test("what cannot be told is a warning, once, and the run goes on", async () => {
  madeUpRun(join(folder, "blocked"));
  writeFileSync(join(folder, "blocked", "tensorboard"), "in its way");
  const tracker = await track("blocked", 0);
  await tracker.record(stepEvent(2, 90));
  await tracker.close();
  expect(warnings.splice(0)).toEqual([
    expect.stringMatching(/^Warning: tensorboard is told no more of this run, which goes on: /),
  ]);
});

test("a run may begin with it later, and --overwrite takes it all", async () => {
  const args = [...tinyRun, "--training.logEvery", "2", "--epochs", "1", "--out", "run"];
  expect(await run("train", ...args)).toMatchObject({ code: 0 });
  const resume = ["--resume", "--epochs", "2", "--training.log", "tensorboard", "--quiet", "--out", "run"];
  expect(await run("train", ...resume)).toMatchObject({ code: 0 });
  const losses = text("run", "metrics.jsonl")
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line))
    .filter(({ event, split, epoch }) => event === "epoch" && split === "validation" && epoch === 2)
    .map(({ step, loss }) => [step, Math.fround(loss)]);
  expect(losses).toHaveLength(1);
  expect(shownIn(join(folder, "run", "tensorboard", "validation"))["epoch/loss"]).toEqual(losses);
  expect(Object.keys(shownIn(join(folder, "run", "tensorboard")))).toContain("best/reconstructions");
  RunFolder.create({ name: "run", path: join(folder, "run"), overwrite: true }).lock.release();
  expect(existsSync(join(folder, "run", "tensorboard"))).toBe(false);
});
