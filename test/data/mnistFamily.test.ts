import { existsSync } from "node:fs";
import { chmod, mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { expect, onTestFinished, test } from "vitest";
import { resolveDataDirs } from "../../src/data/cache.ts";
import { type Descriptor, descriptorSchema, readDescriptor } from "../../src/data/descriptor.ts";
import { datasetNames, datasetSchema, datasets, loadDataset } from "../../src/data/index.ts";
import { fetchDescribed, loadDescribed } from "../../src/data/mnistFamily.ts";
import { testUnless } from "../helpers/missing.ts";
import { contextIn, failureOf, hashOf, temporaryFolder, tinyDataset } from "./files.ts";
import { honest, stallsAt, startMirror } from "./mirror.ts";

const family = ["mnist", "fashion-mnist", "kmnist"];

test.each(family)("the descriptor of %s is valid", async (name) => {
  const descriptor = await readDescriptor(name, descriptorSchema);
  expect(datasetNames).toContain(name);
  expect(descriptor.imageShape).toEqual([28, 28, 1]);
  expect(descriptor.classNames.length).toBe(10);
  expect(descriptor.mirrors.length).toBeGreaterThanOrEqual(2);
  expect(new Set(descriptor.files.map(({ sha256 }) => sha256)).size).toBe(4);
});

test("a descriptor must be complete", () => {
  const { name: _, ...descriptor } = tinyDataset(["http://127.0.0.1/"]).descriptor;
  expect(descriptorSchema.safeParse(descriptor).success).toBe(true);
  for (const wrong of [
    { ...descriptor, files: descriptor.files.slice(1) },
    { ...descriptor, mirrors: ["http://127.0.0.1/no-slash"] },
    { ...descriptor, mirrors: [] },
    { ...descriptor, licence: undefined },
    { ...descriptor, license: "MIT" },
  ]) {
    expect(descriptorSchema.safeParse(wrong).success).toBe(false);
  }
});

/** The tiny dataset on a mirror, and an empty temporary folder. */
async function tiny() {
  const { files } = tinyDataset([]);
  const mirror = await startMirror(files);
  onTestFinished(() => mirror.close());
  const folder = await temporaryFolder();
  return { ...tinyDataset([mirror.url]), mirror, folder };
}

async function put(folder: string, files: Readonly<Record<string, Uint8Array>>): Promise<void> {
  await mkdir(folder, { recursive: true });
  for (const [name, bytes] of Object.entries(files)) await writeFile(join(folder, name), bytes);
}

test("the first use downloads, the second reads", async () => {
  const { descriptor, raw, mirror, folder } = await tiny();
  const context = contextIn(folder);
  const data = await loadDescribed(descriptor, context);
  expect(data.fields["x"]?.shape).toEqual([2, 3, 1]);
  expect([data.train.count, data.test?.count]).toEqual([12, 6]);
  expect([...data.train.columns["x"]!.subarray(0, 12)]).toEqual([0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 1, 1]);
  expect([...data.train.columns["label"]!.subarray(0, 4)]).toEqual([0, 1, 2, 0]);
  expect(data.hashes).toEqual(
    Object.fromEntries(Object.entries(raw).map(([name, bytes]) => [name, hashOf(bytes)])),
  );
  expect(context.events.map(({ label }) => label)).toContain("tiny/train-images-idx3-ubyte.gz");
  expect(mirror.requests.length).toBe(4);

  expect(await loadDescribed(descriptor, contextIn(folder))).toEqual(data);
  expect(mirror.requests.length).toBe(4);
});

test("a connection that broke off in an earlier run is continued", async () => {
  const { descriptor, files, mirror, folder } = await tiny();
  mirror.behave(stallsAt(40));
  await failureOf(
    loadDescribed(descriptor, contextIn(folder, { network: { rounds: 1, stallSeconds: 0.2 } })),
  );
  const before = mirror.requests.length;
  mirror.behave(honest);
  await loadDescribed(descriptor, contextIn(folder));
  expect(mirror.requests[before]?.range).toMatch(/^bytes=\d+-$/);
  expect(mirror.bytesSent()).toBe(Object.values(files).reduce((sum, { length }) => sum + length, 0));
});

test.each([
  ["as published", (files: Record<string, Uint8Array>, _raw: Record<string, Uint8Array>) => files],
  ["decompressed", (_files: Record<string, Uint8Array>, raw: Record<string, Uint8Array>) => raw],
  [
    "compressed anew",
    (_files: Record<string, Uint8Array>, raw: Record<string, Uint8Array>) =>
      Object.fromEntries(
        Object.entries(raw).map(([name, bytes]) => [`${name}.gz`, gzipSync(bytes, { level: 1 })]),
      ),
  ],
])("files in VAE_DATA_DIR %s are used as they are", async (_, choose) => {
  const { descriptor, files, raw, mirror, folder } = await tiny();
  const user = join(folder, "user");
  await put(join(user, "tiny"), choose(files, raw));
  const data = await loadDescribed(
    descriptor,
    contextIn(folder, { dataDirs: { user, cache: join(folder, "cache") } }),
  );
  expect(data.train.count).toBe(12);
  expect(data.hashes["train-images-idx3-ubyte"]).toBe(hashOf(raw["train-images-idx3-ubyte"]!));
  expect(mirror.requests).toEqual([]);
});

test("VAE_DATA_DIR has priority over the cache, and gets what is missing", async () => {
  const { descriptor, files, mirror, folder } = await tiny();
  const dataDirs = { user: join(folder, "user"), cache: join(folder, "cache") };
  const [name] = Object.keys(files) as [string];
  await put(join(dataDirs.user, "tiny"), { [name]: files[name]! });
  await put(join(dataDirs.cache, "tiny"), { [name]: Buffer.from("damaged") });
  await loadDescribed(descriptor, contextIn(folder, { dataDirs }));
  expect((await readdir(join(dataDirs.user, "tiny"))).sort()).toEqual(Object.keys(files).sort());
  expect(mirror.requests.length).toBe(3);
});

/** Runs `work` as somebody who is not root, whom no read-only folder stops. */
async function asNobody<T>(work: () => Promise<T>): Promise<T> {
  if (process.geteuid?.() !== 0) return work();
  process.seteuid!(65534);
  try {
    return await work();
  } finally {
    process.seteuid!(0);
  }
}

testUnless(
  process.platform === "win32" ? "no permissions (Windows)" : undefined,
  "a read-only VAE_DATA_DIR is read, and new files go to the cache",
  async () => {
    const { descriptor, files, mirror, folder } = await tiny();
    const dataDirs = { user: join(folder, "user"), cache: join(folder, "cache") };
    const [name] = Object.keys(files) as [string];
    await put(join(dataDirs.user, "tiny"), { [name]: files[name]! });
    await mkdir(dataDirs.cache);
    await chmod(folder, 0o755);
    await chmod(dataDirs.cache, 0o777);
    await chmod(join(dataDirs.user, "tiny"), 0o555);

    await asNobody(() => loadDescribed(descriptor, contextIn(folder, { dataDirs })));
    expect(await readdir(join(dataDirs.user, "tiny"))).toEqual([name]);
    expect((await readdir(join(dataDirs.cache, "tiny"))).sort()).toEqual(
      Object.keys(files)
        .sort()
        .filter((n) => n !== name),
    );
    expect(mirror.requests.length).toBe(3);

    await writeFile(join(dataDirs.user, "tiny", name), "damaged");
    const told = await asNobody(() =>
      failureOf(loadDescribed(descriptor, contextIn(folder, { dataDirs })), folder),
    );
    expect(told).toMatchInlineSnapshot(
      `"failure: TMP/user/tiny/train-images-idx3-ubyte.gz: not an IDX file: it starts with bytes 0x64 0x61, an IDX file with 0x00 0x00. Accepted: unsigned-byte IDX as MNIST has it, plain or gzip. Its folder cannot be written from here: replace the file there, or set VAE_DATA_DIR to another folder."`,
    );

    await chmod(dataDirs.cache, 0o555);
    await chmod(join(dataDirs.cache, "tiny"), 0o555);
    const nowhere = await asNobody(() =>
      failureOf(fetchDescribed(descriptor, contextIn(folder, { dataDirs }), { force: true }), folder),
    );
    expect(nowhere).toMatchInlineSnapshot(
      `"failure: No folder for the files of tiny: TMP/user/tiny and TMP/cache/tiny cannot be written. Set VAE_DATA_DIR to a folder that can."`,
    );
  },
);

test("a damaged file is told with its name and the byte, and what to do", async () => {
  const { descriptor, files, raw, folder } = await tiny();
  const name = "train-images-idx3-ubyte";
  const other = tinyDataset([]).raw["t10k-images-idx3-ubyte"]!;
  const told = [];
  for (const [file, bytes] of [
    [`${name}.gz`, files[`${name}.gz`]!.subarray(0, 30)],
    [`${name}.gz`, files[`${name}.gz`]!.with(12, 255)],
    [name, raw[name]!.subarray(0, 50)],
    [name, raw[name]!.with(20, 99)],
    [name, raw["train-labels-idx1-ubyte"]!],
    [name, other],
  ] as const) {
    const cache = join(folder, String(told.length));
    await put(join(cache, "tiny"), { ...(file === name ? raw : files), [file]: bytes });
    told.push(await failureOf(loadDescribed(descriptor, contextIn(folder, { dataDirs: { cache } })), cache));
  }
  expect(`\n${told.join("\n")}\n`).toMatchInlineSnapshot(`
    "
    failure: TMP/tiny/train-images-idx3-ubyte.gz: the gzip data is cut off: the file ends at byte 30. Delete train-images-idx3-ubyte.gz, or get it again: vae data fetch tiny --force
    failure: TMP/tiny/train-images-idx3-ubyte.gz: the gzip data is damaged, at or before byte 54 (invalid code lengths set). Delete train-images-idx3-ubyte.gz, or get it again: vae data fetch tiny --force
    failure: TMP/tiny/train-images-idx3-ubyte: expected 88 bytes for 12 images of 2x3, the file ends at byte 50. Delete train-images-idx3-ubyte, or get it again: vae data fetch tiny --force
    failure: TMP/tiny/train-images-idx3-ubyte: not the file that tiny publishes: sha256 2c0eefa0d6c51f1844fbbcf8a18aecc0b2a3d79046e46aec442f6e411ef427a3, expected 0ed6f16db9f249e2e676186643abf5847636fbfa7d061ee623f6853998f9229f. Delete train-images-idx3-ubyte, or get it again: vae data fetch tiny --force
    failure: TMP/tiny/train-images-idx3-ubyte: the header tells of labels, tiny has images of 2x3 here. Delete train-images-idx3-ubyte, or get it again: vae data fetch tiny --force
    failure: TMP/tiny/train-images-idx3-ubyte: not the file that tiny publishes: sha256 081e5d79dd40ff7917ed71c50499250db71f91b0bf9552fbd441ee079e5a7297, expected 0ed6f16db9f249e2e676186643abf5847636fbfa7d061ee623f6853998f9229f. Delete train-images-idx3-ubyte, or get it again: vae data fetch tiny --force
    "
  `);
});

test("without a published sha256 of the decompressed file, the one of the .gz counts", async () => {
  const { descriptor, files, raw, folder } = await tiny();
  const unknown: Descriptor = {
    ...descriptor,
    files: descriptor.files.map(({ sha256Raw: _, ...file }) => file),
  };
  const load = (content: Record<string, Uint8Array>, dir: string) =>
    put(join(folder, dir, "tiny"), content).then(() =>
      loadDescribed(unknown, contextIn(folder, { dataDirs: { cache: join(folder, dir) } })),
    );
  expect((await load(files, "published")).train.count).toBe(12);
  expect((await load(raw, "raw")).train.count).toBe(12);
  const anew = Object.fromEntries(
    Object.entries(raw).map(([name, bytes]) => [`${name}.gz`, gzipSync(bytes, { level: 1 })]),
  );
  const told = await failureOf(load(anew, "anew"), folder);
  const short = tinyDataset([]).raw["t10k-labels-idx1-ubyte"]!;
  expect(
    await failureOf(load({ ...raw, "train-labels-idx1-ubyte": short }, "short"), folder),
  ).toMatchInlineSnapshot(
    `"failure: TMP/short/tiny/train-labels-idx1-ubyte: an array of 6 bytes. Expected one label for each of the 12 images of TMP/short/tiny/train-images-idx3-ubyte."`,
  );
  expect(told.replace(/\w{64}/g, "HASH")).toMatchInlineSnapshot(
    `"failure: TMP/anew/tiny/train-images-idx3-ubyte.gz: not the file that tiny publishes: sha256 HASH, expected HASH. Delete train-images-idx3-ubyte.gz, or get it again: vae data fetch tiny --force"`,
  );
});

test("fetch checks what is here, and replaces it when forced", async () => {
  const { descriptor, files, mirror, folder } = await tiny();
  const fetch = (force: boolean) => fetchDescribed(descriptor, contextIn(folder), { force });
  const [name] = Object.keys(files) as [string];
  expect((await fetch(false)).map(({ status }) => status)).toEqual(Array(4).fill("downloaded"));
  expect((await fetch(false)).map(({ status }) => status)).toEqual(Array(4).fill("present"));
  expect(mirror.requests.length).toBe(4);

  const damaged = join(folder, "cache", "tiny", name);
  await writeFile(damaged, "damaged");
  expect(await failureOf(fetch(false))).toContain("vae data fetch tiny --force");
  expect((await fetch(true)).map(({ status }) => status)).toEqual(Array(4).fill("downloaded"));
  expect(hashOf(await readFile(damaged))).toBe(hashOf(files[name]!));
  expect((await readdir(join(folder, "cache", "tiny"))).length).toBe(4);
});

test("VAE_DATA_DIR is where data is looked for first", () => {
  expect(resolveDataDirs({ VAE_DATA_DIR: "/data/sets" }).user).toBe(join("/", "data", "sets"));
  expect(resolveDataDirs({ VAE_DATA_DIR: "" }).user).toBeUndefined();
  expect(resolveDataDirs({}).cache).toMatch(/vae.*data$/);
});

test("the inventory tells what is here without reading it", async () => {
  const folder = await temporaryFolder();
  const { cache } = { cache: join(folder, "cache") };
  await put(join(cache, "mnist"), { "t10k-labels-idx1-ubyte": Buffer.from("not read") });
  const { licence, downloadBytes, files } = await datasets.mnist.inventory({ cache });
  expect([licence, downloadBytes]).toEqual(["CC BY-SA 3.0", 11_594_722]);
  expect(files.flatMap(({ path }) => path ?? [])).toEqual([join(cache, "mnist", "t10k-labels-idx1-ubyte")]);
});

const dataDir = process.env["VAE_DATA_DIR"];
const mnistMissing =
  dataDir !== undefined && existsSync(join(dataDir, "mnist"))
    ? undefined
    : "no MNIST (VAE_DATA_DIR names no folder with a folder mnist in it)";

testUnless(mnistMissing, "MNIST itself", async () => {
  const folder = await temporaryFolder();
  const context = contextIn(folder, { dataDirs: { user: dataDir!, cache: folder } });
  const mnist = await loadDataset(datasetSchema.parse({ name: "mnist" }), context);
  expect([mnist.train.count, mnist.validation.count, mnist.test.count]).toEqual([55_000, 5000, 10_000]);
  // The first labels, as the data set's many tutorials print them.
  expect([...mnist.train.columns["label"]!.subarray(0, 10)]).toEqual([5, 0, 4, 1, 9, 2, 1, 3, 1, 4]);
  expect([...mnist.test.columns["label"]!.subarray(0, 10)]).toEqual([7, 2, 1, 0, 4, 1, 4, 9, 5, 9]);
  // 0.1307 is the mean that torchvision's MNIST examples normalise by, over all 60,000 training images.
  const all = [mnist.train, mnist.validation];
  const sum = all.map(({ columns }) => (columns["x"] as Uint8Array).reduce((a, b) => a + b, 0));
  expect((sum[0]! + sum[1]!) / 255 / 60_000 / 784).toBeCloseTo(0.1307, 4);
});
