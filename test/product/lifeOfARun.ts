import { existsSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { PNG } from "pngjs";
import { beforeAll, expect, test, vi } from "vitest";
import { generateDigits } from "../../src/data/digits.ts";
import { encodeIdx } from "../../src/data/idx.ts";
import { describeUnless, testUnless } from "../helpers/missing.ts";
import { finish, type inFolder } from "../helpers/vae.ts";
import { missing, type Tested } from "./missing.ts";

// A software graphics card compiles each kernel in each process, and shares the processor with whatever else runs.
vi.setConfig({ testTimeout: 300_000, hookTimeout: 300_000 });

/** Small enough for a software graphics card: digits of 7x7. The batches of an epoch are of two sizes. */
export const tiny = [
  ...["--dataset", "idx", "--dataset.trainImages", "train.idx", "--dataset.testImages", "test.idx"],
  ...[
    "--dataset.validation",
    "50",
    "--latent-dim",
    "3",
    "--batch-size",
    "60",
    "--training.logEvery",
    "2",
    "--training.previewEvery",
    "2",
  ],
  ...["--epochs", "2"],
];

export const dense = ["--hidden", "16"];
export const convolutional = [
  "--model.network.kind",
  "conv",
  "--model.network.channels",
  "4,6",
  "--hidden",
  "16",
];

/** What `tiny` reads, in the folder of a test. */
export function writeTinyDigits(folder: string): void {
  for (const [split, count] of [
    ["train", 200],
    ["test", 12],
  ] as const) {
    const x = generateDigits({ seed: 0, split, count }).columns.x;
    const data = Uint8Array.from({ length: 49 * count }, (_, i) => {
      const [image, row, column] = [Math.floor(i / 49), Math.floor(i / 7) % 7, i % 7];
      let sum = 0;
      for (let k = 0; k < 16; k++) sum += x[784 * image + 28 * (4 * row + (k >> 2)) + 4 * column + (k & 3)]!;
      return sum / 16;
    });
    writeFileSync(join(folder, `${split}.idx`), encodeIdx({ dims: [count, 7, 7], data }));
  }
}

const REPEATED = [
  ...["metrics.jsonl", "metrics.csv", "config.yaml"],
  ...["checkpoints/last.safetensors", "checkpoints/best.safetensors"],
];

/** Trains a run, interrupts and resumes its like and, if it is to be `used`, evaluates and shows it. */
export function lifeOfARun(
  name: string,
  { folder, start, run, text, bytes }: ReturnType<typeof inFolder>,
  options: { backend: Tested; settings: string[]; evaluatedOn?: Tested[]; used?: boolean },
) {
  const { backend, settings, evaluatedOn = [], used = true } = options;
  const out = name.replaceAll(/\W+/g, "-");
  const on = ["--backend", backend];

  describeUnless(missing[backend], name, () => {
    beforeAll(async () => {
      writeTinyDigits(folder);
      const { code, stderr } = await run("train", "--out", out, ...tiny, ...on, ...settings);
      expect(code, stderr).toBe(0);
      expect(stderr).not.toMatch(/Warning|operation by operation/);
    });

    test("leaves its pictures", () => {
      for (const picture of ["loss", "samples", "reconstructions"])
        expect(existsSync(join(folder, out, `figures/${picture}.png`)), picture).toBe(true);
    });

    test("interrupted and resumed, it is the same to the byte", async () => {
      const resumed = `${out}-resumed`;
      const child = start(["train", "--out", resumed, ...tiny, ...on, ...settings]);
      // The last line before the first step.
      child.stderr!.on(
        "data",
        (chunk) => String(chunk).includes("in nats per image") && child.kill("SIGINT"),
      );
      const interrupted = await finish(child);
      expect(interrupted.code, interrupted.stderr).toBe(130);
      expect(interrupted.stderr).toMatch(/Interrupted after [1-9]\d* steps?, with a checkpoint/);
      expect(JSON.parse(text(resumed, "run.json")).status).toBe("interrupted");
      const { code, stderr } = await run("train", "--resume", "--out", resumed);
      expect(code, stderr).toBe(0);
      for (const file of REPEATED) expect(bytes(resumed, file).equals(bytes(out, file)), file).toBe(true);
    });

    if (!used) return;

    test("evaluate gives the numbers of its summary", async () => {
      const { code, stdout, stderr } = await run("evaluate", out, "--json", ...on);
      expect(code, stderr).toBe(0);
      const { calibration, figure, ...numbers } = JSON.parse(stdout);
      expect(numbers).toMatchObject(JSON.parse(text(out, "summary.json")).splits.test);
      expect(calibration.images).toBe(12);
      expect(PNG.sync.read(bytes(figure)).width).toBe(2080);
      expect(stderr).toBe("");
    });

    test("sample, reconstruct and explain use it", async () => {
      const done = await Promise.all([
        run("sample", out, "-n", "4", "-o", `${out}-four.png`, "--pixels", "draw", ...on),
        run("reconstruct", out, "-n", "4", "-o", `${out}-pairs.png`, ...on),
      ]);
      const explained = await run("explain", out, ...on);
      for (const { code, stderr } of [...done, explained]) expect([code, stderr]).toEqual([0, ""]);
      for (const picture of ["four", "pairs"])
        expect(PNG.sync.read(bytes(`${out}-${picture}.png`)).height).toBeGreaterThan(64);
      expect(explained.stdout.replaceAll(/\s+/g, " ")).toContain("best checkpoint of epoch");
    });

    for (const other of evaluatedOn) {
      testUnless(missing[other], `${other} evaluates it to the same numbers`, async () => {
        const { code, stdout, stderr } = await run("evaluate", out, "--json", "--backend", other);
        expect(code, stderr).toBe(0);
        expect(stderr).toContain(`${out} was trained on ${backend}; this is ${other}`);
        const [there, here] = [JSON.parse(stdout), JSON.parse(text(out, "summary.json")).splits.test];
        for (const key of ["elbo", "distortion", "rate"])
          expect(Math.abs(there[key] / here[key] - 1), key).toBeLessThan(1e-4);
      });
    }
  });
}
