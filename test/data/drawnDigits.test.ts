import { readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { drawnDigits } from "../../src/data/drawnDigits.ts";
import { contextIn, temporaryFolder } from "./files.ts";

const config = drawnDigits.schema.parse({ name: "digits", seed: 3, trainCount: 20, testCount: 10 });

test("digits are drawn once and then read", async () => {
  const folder = await temporaryFolder();
  const first = contextIn(folder);
  const drawn = await drawnDigits.load(config, first);
  expect(drawn.fields["x"]?.shape).toEqual([28, 28, 1]);
  expect([drawn.train.count, drawn.test?.count]).toEqual([20, 10]);
  expect(drawn.train.columns["x"]?.length).toBe(20 * 784);
  expect(new Set(drawn.train.columns["label"])).toEqual(new Set([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]));
  expect(drawn.fields["label"]).toEqual({
    name: "label",
    shape: [],
    kind: "class",
    show: "value",
    classCount: 10,
    classNames: ["0", "1", "2", "3", "4", "5", "6", "7", "8", "9"],
  });
  expect(first.events.at(-1)).toEqual({ label: "drawing digits", done: 30, total: 30, unit: "images" });

  const second = contextIn(folder);
  expect(await drawnDigits.load(config, second)).toEqual(drawn);
  expect(second.events).toEqual([]);
});

test("another seed is another dataset beside the first", async () => {
  const folder = await temporaryFolder();
  const one = await drawnDigits.load(config, contextIn(folder));
  const other = await drawnDigits.load({ ...config, seed: 4 }, contextIn(folder));
  expect(other.hashes).not.toEqual(one.hashes);
  expect((await readdir(join(folder, "cache", "digits"))).length).toBe(2);
});

test("damaged files are drawn anew", async () => {
  const folder = await temporaryFolder();
  const drawn = await drawnDigits.load(config, contextIn(folder));
  const [key] = (await readdir(join(folder, "cache", "digits"))) as [string];
  const file = join(folder, "cache", "digits", key, "train-images-idx3-ubyte");
  const whole = await readFile(file);
  for (const damaged of [whole.with(100, whole[100]! ^ 1), whole.subarray(0, 50)]) {
    await writeFile(file, damaged);
    const context = contextIn(folder);
    expect(await drawnDigits.load(config, context)).toEqual(drawn);
    expect(context.events.length).toBeGreaterThan(0);
    expect((await readFile(file)).equals(whole)).toBe(true);
  }
});

test("without a folder to keep them, digits are there all the same", async () => {
  const folder = await temporaryFolder();
  await writeFile(join(folder, "cache"), "a file where the cache should be");
  expect((await drawnDigits.load(config, contextIn(folder))).train.count).toBe(20);
});
