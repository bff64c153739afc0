import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { readAmat } from "../../src/data/amat.ts";
import { fetchAmat, loadAmat } from "../../src/data/binarizedMnist.ts";
import { type AmatDescriptor, amatDescriptorSchema, readDescriptor } from "../../src/data/descriptor.ts";
import { datasetSchema } from "../../src/data/index.ts";
import { holdOut } from "../../src/data/splits.ts";
import { pixelsOf } from "../../src/runs/experiment.ts";
import { tinyConfig } from "../helpers/tiny.ts";
import { contextIn, failureOf, hashOf, temporaryFolder, tinyDescription } from "./files.ts";
import { startMirror } from "./mirror.ts";

const atOnce = async () => {};

/** Image i of D pixels, of which those with (i + d) divisible by 3 are white. */
const pixel = (i: number, d: number) => Number((i + d) % 3 === 0);
const amat = (count: number, D: number) =>
  Buffer.from(
    Array.from(
      { length: count },
      (_, i) => `${Array.from({ length: D }, (_, d) => pixel(i, d)).join(" ")}\n`,
    ).join(""),
  );

/** A dataset of 12 / 5 / 4 images of 2x3 on a mirror, and an empty temporary folder. */
async function tiny() {
  const parts = { train: amat(12, 6), validation: amat(5, 6), test: amat(4, 6) };
  const entries = Object.entries(parts) as [keyof typeof parts, Buffer][];
  const mirror = await startMirror(Object.fromEntries(entries.map(([role, text]) => [`${role}.amat`, text])));
  onTestFinished(() => mirror.close());
  const descriptor: AmatDescriptor = {
    ...tinyDescription,
    mirrors: [mirror.url],
    files: entries.map(([role, text]) => ({
      role,
      name: `${role}.amat`,
      bytes: text.length,
      sha256: hashOf(text),
    })),
  };
  return { descriptor, mirror, folder: await temporaryFolder() };
}

test("the published descriptor tells of files of the size that so many images have", async () => {
  const { imageShape, files } = await readDescriptor("binarized-mnist", amatDescriptorSchema);
  expect(imageShape).toEqual([28, 28, 1]);
  const images = { train: 50_000, validation: 10_000, test: 10_000 };
  for (const { role, bytes } of files) expect(bytes).toBe(2 * 784 * images[role]);
});

test("the first use downloads, the second reads; the three parts are used as they are", async () => {
  const { descriptor, mirror, folder } = await tiny();
  const patient = { network: { stallSeconds: 30, rounds: 1, pauseSeconds: 0 } }; // a slow answer is asked for once
  const read = await loadAmat(descriptor, contextIn(folder, patient));
  expect(await loadAmat(descriptor, contextIn(folder))).toEqual(read);
  expect(mirror.requests.length).toBe(3);
  const { train, validation, test, fields } = holdOut(read, { name: "tiny" });
  expect([train.count, validation.count, test.count]).toEqual([12, 5, 4]);
  expect(Object.keys(fields)).toEqual(["x"]);
  for (const { count, columns } of [train, validation, test]) {
    const expected = Array.from({ length: 6 * count }, (_, n) => 255 * pixel(Math.floor(n / 6), n % 6));
    expect([...columns["x"]!]).toEqual(expected);
  }
  const fetched = await fetchAmat(descriptor, contextIn(folder), { force: true });
  expect(fetched.map(({ name, status }) => [name, status])).toEqual(
    ["train", "validation", "test"].map((role) => [`${role}.amat`, "downloaded"]),
  );
});

test("another file than the published one is refused, with what to do", async () => {
  const { descriptor, folder } = await tiny();
  await mkdir(join(folder, "cache", "tiny"), { recursive: true });
  await writeFile(join(folder, "cache", "tiny", "train.amat"), amat(3, 6));
  const told = await failureOf(loadAmat(descriptor, contextIn(folder)), folder);
  expect(told.replace(/\w{64}/g, "HASH")).toMatchInlineSnapshot(
    `"failure: TMP/cache/tiny/train.amat: not the file that tiny publishes: sha256 HASH, expected HASH. Delete train.amat, or get it again: vae data fetch tiny --force"`,
  );
});

test("lines that are longer than what is read at once, other blanks, and a last line without its end", async () => {
  const path = join(await temporaryFolder(), "a.amat");
  const D = 700_000;
  const text = amat(2, D).toString();
  await writeFile(path, text.replaceAll("\n", " \r\n").replaceAll("1 0", "1\t 0").trimEnd());
  const { count, data } = await readAmat(path, D, atOnce);
  expect(count).toBe(2);
  const wrong = data.findIndex((value, n) => value !== 255 * pixel(Math.floor(n / D), n % D));
  expect(wrong).toBe(-1);
});

test("what is no image of zeros and ones is told with its line and column", async () => {
  const folder = await temporaryFolder();
  const told = [];
  for (const text of [
    "0 1 1\n0 0.5 1\n",
    "0 1 1\n0 1\n",
    "0 1 1 1\n",
    "0 1 1\n\n2 0 0",
    "\n",
    "0".repeat(2_000_000),
  ]) {
    const path = join(folder, `${told.length}.amat`);
    await writeFile(path, text);
    told.push(await failureOf(readAmat(path, 3, atOnce), folder));
  }
  told.push(await failureOf(readAmat(folder, 3, atOnce), folder));
  told.push(await failureOf(readAmat(join(folder, "none"), 3, atOnce), folder));
  expect(`\n${told.join("\n")}\n`).toMatchInlineSnapshot(`
    "
    failure: TMP/0.amat: line 2, column 3: value 2 is "0.5". Accepted: 3 values a line, each 0 or 1, with blanks between them.
    failure: TMP/1.amat: line 2 has 2 values. Accepted: 3 values a line, each 0 or 1, with blanks between them.
    failure: TMP/2.amat: line 1 has 4 values. Accepted: 3 values a line, each 0 or 1, with blanks between them.
    failure: TMP/3.amat: line 3, column 1: value 1 is "2". Accepted: 3 values a line, each 0 or 1, with blanks between them.
    failure: TMP/4.amat: no image is in it. Accepted: 3 values a line, each 0 or 1, with blanks between them.
    failure: TMP/5.amat: line 1 goes on after 1048576 bytes. Accepted: 3 values a line, each 0 or 1, with blanks between them.
    failure: Cannot read TMP: it is no file.
    failure: Cannot read TMP/none: there is no such file (ENOENT).
    "
  `);
});

test("it has no validation to hold out, and pixels that are binary already", () => {
  expect(datasetSchema.safeParse({ name: "binarized-mnist", validation: 5 }).success).toBe(false);
  const codingFor = (kind: string) =>
    pixelsOf(tinyConfig({ "dataset.name": "binarized-mnist", "likelihood.kind": kind }).dataset);
  expect([codingFor("bernoulli"), codingFor("gaussian")]).toEqual(["binary-threshold", "gray"]);
});
