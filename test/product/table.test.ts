import { existsSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { PNG } from "pngjs";
import { beforeAll, expect, test } from "vitest";
import { RandomStream } from "../../src/tensors/random.ts";
import { inFolder } from "../helpers/vae.ts";

const { run, text, bytes, folder } = inFolder();

const ROWS = 60;
const linear = ["--model.network.hidden", "[]", "--model.weights.prior.learned", "false", "--sigma", "2"];

/** strength = 10 + 4 · load − 3 · [colour is red] + noise of deviation 2. */
function writeTable(): void {
  const random = new RandomStream("table of the product");
  const normals = random.normals(2 * ROWS);
  const lines = Array.from({ length: ROWS }, (_, i) => {
    const [load, noise] = [normals[2 * i]!, normals[2 * i + 1]!];
    const red = i % 3 === 0;
    return `${load.toFixed(4)},${red ? "red" : "blue"},${(10 + 4 * load - (red ? 3 : 0) + 2 * noise).toFixed(4)}`;
  });
  writeFileSync(join(folder, "t.csv"), `${["load,colour,strength", ...lines].join("\n")}\n`);
}

beforeAll(async () => {
  writeTable();
  const flags = [
    "--dataset",
    "table",
    "--dataset.path",
    "t.csv",
    "--dataset.validation",
    "0",
    "--model",
    "bnn",
  ];
  const settings = [
    ...flags,
    ...linear,
    "--batch-size",
    "54",
    "--epochs",
    "3",
    "--training.passesPerEpoch",
    "400",
  ];
  const more = ["--lr", "0.03", "--samples", "4", "--beta-warmup", "1", "--training.logEvery", "400"];
  const posterior = [
    "--model.weights.posterior.kind",
    "fullLastLayer",
    "--backend",
    "wasm",
    "--threads",
    "1",
  ];
  const { code, stderr, stdout } = await run("train", "--out", "run", ...settings, ...more, ...posterior);
  expect(code, stderr).toBe(0);
  expect(stderr).toMatch(/54 train, 54 validation, 6 test rows of 3 features, target strength/);
  expect(stderr).toMatch(/rows\/s/);
  expect(`${stdout}${stderr}`).not.toMatch(/image|pixel/);
}, 120_000);

test("evaluate tells how well it predicts, beside the exact posterior; the bound and its gap add up", async () => {
  const { code, stdout } = await run("evaluate", "run", "--json", "--backend", "wasm", "--threads", "1");
  expect(code).toBe(0);
  const found = JSON.parse(stdout);
  const { comparison, scores } = found.exact;
  expect(comparison.elbo + comparison.gap).toBeCloseTo(comparison.logEvidence, 4);
  expect(comparison.gap).toBeLessThan(0.2);
  expect(Math.abs(found.freeEnergy.elbo - comparison.elbo)).toBeLessThan(2);
  expect(Math.abs(found.logLikelihood - scores.logLikelihood)).toBeLessThan(0.1);
  expect(Math.abs(found.rmse / scores.rmse - 1)).toBeLessThan(0.1);
  expect(found.atMean.rmse).toBeGreaterThan(0);
  const { width } = PNG.sync.read(bytes(found.figure));
  expect(width).toBeGreaterThan(1000);
  for (const name of ["loss", "weights", "predictions"])
    expect(existsSync(join(folder, `run/figures/${name}.png`))).toBe(true);
  const [line] = text("run", "evaluations.jsonl").trim().split("\n");
  expect(JSON.parse(line!).prediction.rmse).toBe(found.rmse);
});

test("predict finds columns by their names, and says what it does not know", async () => {
  writeFileSync(join(folder, "new.csv"), "colour,load\nred,0\nblue,0\n");
  const backend = ["--backend", "wasm", "--threads", "1"];
  const { code, stdout } = await run("predict", "run", "new.csv", "--samples", "50", ...backend);
  expect(code).toBe(0);
  const [names, ...rows] = stdout
    .trim()
    .split("\n")
    .map((row) => row.split(","));
  expect(names).toEqual(
    "row,strength,deviation,noise,weights,low50,high50,low90,high90,low95,high95".split(","),
  );
  const [red, blue] = rows.map((row) => Object.fromEntries(row.map((cell, i) => [names![i]!, Number(cell)])));
  expect(blue!["strength"]! - red!["strength"]!).toBeGreaterThan(1);
  for (const row of [red!, blue!]) {
    expect(row["noise"]).toBeCloseTo(2, 3);
    expect(row["deviation"]).toBeCloseTo(Math.hypot(row["noise"]!, row["weights"]!), 3);
    expect(row["low95"]! < row["low90"]! && row["high90"]! < row["high95"]!).toBe(true);
  }
  writeFileSync(join(folder, "odd.csv"), "colour,load\ngreen,0\n");
  const odd = await run("predict", "run", "odd.csv", ...backend);
  expect(odd.code).toBe(1);
  expect(odd.stderr).toMatch(/line 2.*colour.*"green" is not among what the model knows. Accepted: .*red/);
});
