import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { beforeAll, expect, test } from "vitest";
import { png, tinyImages } from "../data/files.ts";
import { inFolder } from "../helpers/vae.ts";

const { folder, run } = inFolder();

const few = ["--dataset.trainCount", "30", "--dataset.testCount", "10", "--dataset.validation", "5"];

beforeAll(() => {
  mkdirSync(join(folder, "images"));
  const image = png(1, 1, [7, 7, 7]);
  image.writeUInt32BE(60_000, 16);
  image.writeUInt32BE(60_000, 20);
  for (const name of ["a.png", "b.png", "c.png"]) writeFileSync(join(folder, "images", name), image);
  const zeros = gzipSync(Buffer.alloc(2 ** 20));
  const bomb = [gzipSync(tinyImages(5).images), ...Array.from({ length: 4096 }, () => zeros)];
  writeFileSync(join(folder, "bomb.gz"), Buffer.concat(bomb));
});

test.each<[args: string[], code: number, told: RegExp]>([
  [
    ["--latent-dim", "1e8", "--backend", "wasm", ...few],
    2,
    /--latent-dim \(model\.latentDim\) is 100000000, which is too large/,
  ],
  [["--samples", "10000", "--hidden", "100000", "--backend", "wasm", ...few], 2, /which is too large/],
  [["--threads", "100000", ...few], 2, /threads: expected auto \| integer >= 1 <= 1024, got 100000/],
  [["--dataset.trainCount", "1000000000"], 2, /dataset\.trainCount: expected integer >= 1 <= 2000000/],
  [["--hidden", Array(101).fill(4).join(), ...few], 2, /list of integer > 0 \(up to 100\)/],
  [["--dataset", "images", "--dataset.path", "images"], 1, /a\.png: it says that it has 60000x60000 pixels/],
  [["--dataset", "idx", "--dataset.trainImages", "bomb.gz"], 1, /expected 46 bytes for 5 images of 2x3, but/],
  [["--dataset", "idx", "--dataset.trainImages", "/dev/zero"], 2, /which cannot be read: it is a device/],
  [["/dev/zero"], 2, /Cannot read the configuration \/dev\/zero: it is a device/],
])("vae train %j ends at once, in a sentence", async (args, code, told) => {
  const started = performance.now();
  const finished = await run("train", ...args);
  expect(performance.now() - started).toBeLessThan(20_000);
  expect(finished).toMatchObject({ code, stdout: "" });
  expect(finished.stderr).toMatch(told);
  expect(finished.stderr).not.toMatch(/\n {4}at /);
});
