import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { zipSync } from "fflate";
import { createTar } from "nanotar";
import { expect, onTestFinished, test } from "vitest";
import { readCifar10 } from "../../src/data/cifar10.ts";
import { type FilesDescriptor, filesDescriptorSchema, readDescriptor } from "../../src/data/descriptor.ts";
import { readDsprites } from "../../src/data/dsprites.ts";
import { readEmnist } from "../../src/data/emnist.ts";
import { encodeIdx } from "../../src/data/idx.ts";
import { readOmniglot } from "../../src/data/omniglot.ts";
import { fetchPublished, type PublishedFiles, readPublished } from "../../src/data/publishedFiles.ts";
import { readSvhn } from "../../src/data/svhn.ts";
import { contextIn, failureOf, hashOf, png, temporaryFolder } from "./files.ts";
import { matFixtures } from "./matFixtures.ts";
import { startMirror } from "./mirror.ts";
import { encodeNpy } from "./numpyFiles.ts";

/** A dataset as it is described, with small files of our own in place of the published ones. */
async function filesOf(
  name: string,
  contents: Readonly<Record<string, Uint8Array>>,
): Promise<PublishedFiles> {
  const descriptor = await readDescriptor(name, filesDescriptorSchema);
  expect(descriptor.files.map(({ name }) => name)).toEqual(Object.keys(contents));
  return {
    descriptor,
    file: async (name) => ({ name, path: name, bytes: Buffer.from(contents[name]!) }),
  };
}

const context = contextIn("");

test("cifar-10 is in a tar archive", async () => {
  const batch = (label: number) => Uint8Array.from({ length: 3073 }, (_, i) => (i === 0 ? label : i % 100));
  const batches = [1, 2, 3, 4, 5].map((i) => ({
    name: `cifar-10-batches-bin/data_batch_${i}.bin`,
    data: batch(i),
  }));
  const all = [...batches, { name: "cifar-10-batches-bin/test_batch.bin", data: batch(9) }];
  const data = await readCifar10(
    await filesOf("cifar-10", { "cifar-10-binary.tar.gz": gzipSync(createTar(all)) }),
  );
  expect([...data.train.columns["label"]!]).toEqual([1, 2, 3, 4, 5]);
  expect([...data.test.columns["label"]!]).toEqual([9]);
  expect([...data.train.columns["x"]!.subarray(0, 3)]).toEqual([1, 25, 49]); // bytes 1, 1 + 1024 and 1 + 2048
  const some = gzipSync(createTar(batches));
  expect(await failureOf(filesOf("cifar-10", { "cifar-10-binary.tar.gz": some }).then(readCifar10))).toBe(
    "failure: cifar-10-binary.tar.gz: test_batch.bin is not in it.",
  );
});

test("svhn is in MAT-files, and its class 10 is the digit 0", async () => {
  const files = { "train_32x32.mat": matFixtures.packed, "test_32x32.mat": matFixtures.plain };
  const { train, fields } = await readSvhn(await filesOf("svhn", files));
  expect(train.count).toBe(4);
  expect([...train.columns["x"]!.subarray(0, 3)]).toEqual([0, 4, 8]);
  expect([...train.columns["label"]!]).toEqual([1, 2, 0, 1]);
  expect(fields["label"]).toMatchObject({ classCount: 10 });
});

test("emnist is turned upright", async () => {
  const images = gzipSync(
    encodeIdx({ dims: [1, 28, 28], data: Uint8Array.from({ length: 784 }, (_, i) => i % 28) }),
  );
  const labels = gzipSync(encodeIdx({ dims: [1], data: Uint8Array.of(10) }));
  const zip = zipSync(
    Object.fromEntries(
      ["train", "test"].flatMap((part) => [
        [`gzip/emnist-balanced-${part}-images-idx3-ubyte.gz`, images],
        [`gzip/emnist-balanced-${part}-labels-idx1-ubyte.gz`, labels],
      ]),
    ),
  );
  const files = await filesOf("emnist", { "gzip.zip": zip });
  const { train, fields } = await readEmnist(files, { part: "balanced" }, context);
  expect([train.columns["x"]![1], train.columns["x"]![28]]).toEqual([0, 1]); // levels rise downwards, no longer to the right
  expect(fields["label"]).toMatchObject({ classCount: 47 });
  expect(await failureOf(readEmnist(files, { part: "letters" }, context))).toMatch(
    /emnist-letters-train-images-idx3-ubyte.gz is not in it/,
  );
});

test("omniglot is PNG images in ZIP archives, with the alphabets as classes", async () => {
  const image = (level: number) => png(105, 105, [level, level, level]);
  const files = await filesOf("omniglot", {
    "images_background.zip": zipSync({
      "images_background/Greek/character01/2.png": image(2),
      "images_background/Greek/character01/1.png": image(1),
      "images_background/Latin/character01/1.png": image(3),
    }),
    "images_evaluation.zip": zipSync({ "images_evaluation/Runic/character01/1.png": image(4) }),
  });
  const { train, test, fields } = await readOmniglot(files, {}, context);
  expect([0, 1, 2].map((i) => train.columns["x"]![i * 105 * 105])).toEqual([1, 2, 3]);
  expect([...train.columns["label"]!, ...test.columns["label"]!]).toEqual([0, 0, 1, 2]);
  expect(fields["label"]).toMatchObject({ classNames: ["Greek", "Latin", "Runic"] });
});

test("of dsprites, each N-th image is read", async () => {
  const imgs = encodeNpy({
    descr: "|u1",
    dims: [5, 64, 64],
    data: Uint8Array.from({ length: 5 * 4096 }, (_, i) => Number(i % 4096 === i >> 12)),
  });
  const classes = encodeNpy({
    descr: "<i8",
    dims: [5, 6],
    data: BigInt64Array.from({ length: 30 }, (_, i) => BigInt(i % 6 === 1 ? Math.floor(i / 6) % 3 : 0)),
  });
  const npz = zipSync({ "imgs.npy": imgs, "latents_classes.npy": classes });
  const files = await filesOf("dsprites", { "dsprites_ndarray_co1sh3sc6or40x32y32_64x64.npz": npz });
  const { train } = await readDsprites(files, { every: 2 }, context);
  expect(train.count).toBe(3);
  expect([0, 1, 2].map((i) => train.columns["x"]!.subarray(i * 4096, (i + 1) * 4096).indexOf(255))).toEqual([
    0, 2, 4,
  ]);
  expect([...train.columns["label"]!]).toEqual([0, 2, 1]);
});

test("a hash that is not published is that of the first file that came, and a mirror may be the user's", async () => {
  const folder = await temporaryFolder();
  const body = Buffer.from("whatever comes first");
  const mirror = await startMirror({ "tiny/a.bin": body });
  onTestFinished(() => mirror.close());
  const descriptor: FilesDescriptor = {
    ...{ name: "tiny", title: "Tiny", source: "http://127.0.0.1/", licence: "none", citation: "none" },
    ...{ imageShape: [1, 1, 1], mirrors: ["http://127.0.0.1:1/"], files: [{ name: "a.bin" }] },
  };
  const its = contextIn(folder, { mirror: mirror.url });
  const [fetched] = await fetchPublished(descriptor, its, { force: false });
  expect(fetched).toMatchObject({ status: "downloaded", bytes: body.length });
  const read = async ({ file }: PublishedFiles) => {
    await file("a.bin");
    return { fields: {}, train: { count: 0, columns: {} } };
  };
  expect((await readPublished(descriptor, {}, its, read)).hashes).toEqual({ "a.bin": hashOf(body) });
  await mkdir(join(folder, "cache", "tiny"), { recursive: true });
  await writeFile(join(folder, "cache", "tiny", "a.bin"), "other bytes");
  expect(await failureOf(readPublished(descriptor, {}, its, read), folder)).toMatch(
    /^failure: TMP\/cache\/tiny\/a.bin: not the file that came first: sha256 \w{64}, TMP\/cache\/tiny\/a.bin.sha256 says \w{64}\. Delete a.bin, or get it again/,
  );
});
