import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { beforeAll, describe, expect, test } from "vitest";
import { useBackend } from "../src/backends/index.ts";
import { readCheckpoint, restore, saveCheckpoint } from "../src/runs/checkpoint.ts";
import { RunFolder } from "../src/runs/runFolder.ts";
import { decodeSafetensors, encodeSafetensors } from "../src/runs/safetensors.ts";
import { madeUpRun } from "./helpers/madeUpRuns.ts";
import { tinyTraining } from "./helpers/tiny.ts";

const folder = mkdtempSync(join(tmpdir(), "vae-artifacts-"));

beforeAll(async () => {
  await useBackend("cpu");
});

describe("safetensors", () => {
  const tensors = new Map([
    ["encoder.hidden0.kernel", { shape: [2, 3], data: Float32Array.of(1, -2, 3.5, 0, 1e-30, -0) }],
    ["likelihood.logSigma", { shape: [], data: Float32Array.of(-1.25) }],
    ["empty", { shape: [0, 4], data: new Float32Array(0) }],
  ]);
  const bytes = Buffer.from(encodeSafetensors({ tensors, metadata: { note: "β ≤ 1" } }));

  test("reads back what it wrote", () => {
    const read = decodeSafetensors(bytes, "x");
    expect(read.metadata).toEqual({ note: "β ≤ 1" });
    expect(read.tensors).toEqual(tensors);
  });

  test("is the format that others read: header length, JSON, little-endian arrays", () => {
    const file = join(folder, "x.safetensors");
    writeFileSync(file, bytes);
    // The same reading as Python's safetensors does, with the standard library alone.
    const script = `
import json, struct, sys
b = open(sys.argv[1], "rb").read()
n = struct.unpack("<Q", b[:8])[0]
h = json.loads(b[8:8 + n])
t = h["encoder.hidden0.kernel"]
a, z = t["data_offsets"]
print(n % 8, t["dtype"], t["shape"], struct.unpack("<6f", b[8 + n + a:8 + n + z])[:3])`;
    expect(execFileSync("python3", ["-c", script, file], { encoding: "utf8" })).toBe(
      "0 F32 [2, 3] (1.0, -2.0, 3.5)\n",
    );
  });

  test.each([
    ["nothing", 0],
    ["half a length", 5],
    ["half a header", 40],
    ["half an array", bytes.length - 3],
  ])("a file with %s is an error that says where it ends", (_, length) => {
    expect(() => decodeSafetensors(bytes.subarray(0, length), "run/last.safetensors")).toThrow(
      new RegExp(`^run/last.safetensors is not a whole safetensors file: it ends at byte ${length}, `),
    );
  });
});

describe("checkpoint", () => {
  test("brings back weights, moments and position to the bit", async () => {
    const { run, options, vae, optimizer, parts } = tinyTraining({ "training.epochs": "1" });
    await run();
    const file = join(folder, "last.safetensors");
    await saveCheckpoint(file, parts());
    const fresh = tinyTraining({ "training.seed": "9" });
    const checkpoint = readCheckpoint(file);
    expect(checkpoint.state).toEqual(options.state);
    expect(checkpoint.origin).toEqual(parts().origin);
    restore(checkpoint, fresh.vae.parameters, fresh.optimizer);
    const [before, after] = [
      [...vae.parameters, ...optimizer.state],
      [...fresh.vae.parameters, ...fresh.optimizer.state],
    ];
    expect(before.length).toBe(3 * 8); // 8 parameters with two moments each
    for (const [i, [name, variable]] of before.entries()) {
      expect(after[i]![0]).toBe(name);
      expect(await after[i]![1].data(), name).toEqual(await variable.data());
    }
  });

  test("another shape is an error that names the tensor and both shapes", async () => {
    const { parts } = tinyTraining();
    const file = join(folder, "other.safetensors");
    await saveCheckpoint(file, parts());
    const wider = tinyTraining({ "model.network.hidden": "48" });
    expect(() => restore(readCheckpoint(file), wider.vae.parameters)).toThrow(
      /encoder.hidden0.kernel has shape \[784,32\], but the configuration calls for \[784,48\]/,
    );
    const deeper = tinyTraining({ "model.network.hidden": "32,32" });
    expect(() => restore(readCheckpoint(file), deeper.vae.parameters)).toThrow(
      /has no tensor encoder.hidden1.kernel/,
    );
  });
});

describe("run folder", () => {
  test("is never taken twice: default names count up", () => {
    const previous = process.cwd();
    process.chdir(mkdtempSync(join(tmpdir(), "vae-runs-")));
    const create = () => RunFolder.create({ name: "digits-gaussian", overwrite: false }).folder.path;
    expect([create(), create(), create()]).toEqual([
      "runs/digits-gaussian",
      "runs/digits-gaussian-2",
      "runs/digits-gaussian-3",
    ]);
    process.chdir(previous);
  });

  test("a folder of other things is not touched, not even with overwrite", () => {
    const path = mkdtempSync(join(tmpdir(), "vae-precious-"));
    writeFileSync(join(path, "thesis.tex"), "\\end{document}");
    for (const overwrite of [false, true]) {
      expect(() => RunFolder.create({ path, name: "x", overwrite })).toThrow(
        /is not a run, so it is not touched/,
      );
    }
    expect(readFileSync(join(path, "thesis.tex"), "utf8")).toBe("\\end{document}");
  });

  test("all that commands draw into a run is its own, and what is not keeps it from being deleted", () => {
    const path = join(mkdtempSync(join(tmpdir(), "vae-drawn-")), "run");
    const create = () => RunFolder.create({ path, name: "x", overwrite: true });
    const { folder: run, lock } = create();
    lock.release();
    madeUpRun(path);
    mkdirSync(join(path, "figures"), { recursive: true });
    mkdirSync(join(path, "latents"), { recursive: true });
    for (const name of [
      "fit",
      "weights",
      "predictions-test",
      "prediction-test",
      "noise",
      "posterior",
    ] as const) {
      writeFileSync(run.figure(name), "");
    }
    for (const name of ["samples-seed3", "latents-input", "traversal", "decoded"] as const) {
      writeFileSync(run.figure(name), "");
    }
    writeFileSync(run.latents("test"), "");
    const mine = join(path, "figures", "mine.png");
    writeFileSync(mine, "");
    expect(create).toThrow(/mine\.png/);
    rmSync(mine);
    create().lock.release();
    expect(existsSync(join(path, "figures", "fit.png"))).toBe(false);
  });

  test("opening what is no run says so", () => {
    expect(() => RunFolder.open("/nowhere/at/all")).toThrow(/is not a run: there is no such folder/);
    expect(() => RunFolder.open(folder)).toThrow(
      /is not a run: it has neither a checkpoint nor a run.json of this program/,
    );
  });
});
