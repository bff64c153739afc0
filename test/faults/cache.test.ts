import { spawn } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, readFileSync, utimesSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { expect, onTestFinished, test } from "vitest";
import { datasetSchema, loadDataset } from "../../src/data/index.ts";
import { contextIn, hashOf, temporaryFolder, tinyDataset } from "../data/files.ts";
import { startMirror } from "../data/mirror.ts";

const PROCESSES = 8;
const dist = pathToFileURL(join(import.meta.dirname, "../../dist/")).href;

/** Runs a program in as many processes at once, and waits for all; their output, each of which ended with code 0. */
const together = (program: string) =>
  Promise.all(
    Array.from({ length: PROCESSES }, async () => {
      const child = spawn(process.execPath, ["--input-type=module", "-e", program]);
      let text = "";
      for (const stream of [child.stdout, child.stderr]) stream.on("data", (chunk) => (text += chunk));
      const code = await new Promise((resolve) => child.on("close", resolve));
      expect(code, text).toBe(0);
      return text;
    }),
  );

const filesIn = (folder: string) => readdirSync(folder, { recursive: true, encoding: "utf8" }).toSorted();

test(`${PROCESSES} processes that draw the same digits have the same, and leave one copy`, async () => {
  const cache = join(await temporaryFolder(), "cache");
  const config = { name: "digits", trainCount: 300, testCount: 30, validation: 30 };
  const told = await together(`
    import { datasetSchema, loadDataset } from "${dist}data/index.js";
    const context = { dataDirs: { cache: ${JSON.stringify(cache)} }, onProgress: () => {} };
    const { hashes } = await loadDataset(datasetSchema.parse(${JSON.stringify(config)}), context);
    process.stdout.write(JSON.stringify(hashes));
  `);
  expect(new Set(told).size).toBe(1);
  const [key] = readdirSync(join(cache, "digits")) as [string];
  const files = filesIn(join(cache, "digits"));
  expect(files.length).toBe(1 + 5); // four files and their sums, in one folder
  expect(files.map((name) => name.replace(key, "")).some((name) => /\/\.|unfinished/.test(name))).toBe(false);
  for (const [name, hash] of Object.entries(JSON.parse(told[0]!)))
    expect(hashOf(readFileSync(join(cache, "digits", key, name)))).toBe(hash);
});

test(`${PROCESSES} processes that fetch the same dataset leave one good copy`, async () => {
  const cache = join(await temporaryFolder(), "cache");
  const { files } = tinyDataset([]);
  const mirror = await startMirror(files);
  onTestFinished(() => mirror.close());
  const { descriptor } = tinyDataset([mirror.url]);
  await together(`
    import { fetchDescribed } from "${dist}data/mnistFamily.js";
    const context = { dataDirs: { cache: ${JSON.stringify(cache)} }, onProgress: () => {} };
    await fetchDescribed(${JSON.stringify(descriptor)}, context, { force: false });
  `);
  const folder = join(cache, "tiny");
  expect(filesIn(folder)).toEqual(Object.keys(files).toSorted());
  for (const [name, bytes] of Object.entries(files))
    expect(readFileSync(join(folder, name)).equals(bytes)).toBe(true);
});

test("what processes of any host left behind is swept when it is old, and nothing else", async () => {
  const folder = await temporaryFolder();
  const digits = join(folder, "cache/digits");
  const old = ["key/.SHA256SUMS.77-0.unfinished", "train.gz.elsewhere-77-0.part", ".write-test-a1b2c3/x"];
  const kept = ["key/.SHA256SUMS.78-0.unfinished", "train.gz.part", "notes.txt"];
  for (const name of [...old, ...kept]) {
    mkdirSync(join(digits, name, ".."), { recursive: true });
    writeFileSync(join(digits, name), "half");
  }
  const longAgo = new Date(Date.now() - 25 * 3600 * 1000);
  for (const name of [...old, "train.gz.part", "notes.txt", ".write-test-a1b2c3"])
    utimesSync(join(digits, name), longAgo, longAgo);
  const config = { name: "digits", trainCount: 30, testCount: 10, validation: 5 };
  await loadDataset(datasetSchema.parse(config), contextIn(folder));
  expect([...old, ...kept].filter((name) => existsSync(join(digits, name)))).toEqual(kept);
});
