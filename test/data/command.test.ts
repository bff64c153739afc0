import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { PNG } from "pngjs";
import { beforeEach, expect, test, vi } from "vitest";
import { formatBytes } from "../../src/base/bytes.ts";
import { dataCommand } from "../../src/commands/data.ts";
import { encodeIdx } from "../../src/data/idx.ts";
import { dataProgressBar } from "../../src/reporting/dataProgress.ts";
import { failureOf, png, temporaryFolder, tinyImages } from "./files.ts";

beforeEach(() => {
  vi.unstubAllEnvs();
  vi.restoreAllMocks();
});

/** What `vae data …` prints to stdout and stderr, with `folder` as both data folders. */
async function run(folder: string, ...args: string[]): Promise<{ out: string; err: string }> {
  vi.stubEnv("VAE_DATA_DIR", join(folder, "data"));
  vi.stubEnv("XDG_CACHE_HOME", join(folder, "cache"));
  const out: unknown[] = [];
  const err: unknown[] = [];
  vi.spyOn(process.stdout, "write").mockImplementation((text) => out.push(text) > 0);
  vi.spyOn(process.stderr, "write").mockImplementation((text) => err.push(text) > 0);
  try {
    await dataCommand().parseAsync(args, { from: "user" });
  } finally {
    vi.restoreAllMocks();
  }
  return { out: out.join("").replaceAll(folder, "TMP"), err: err.join("").replaceAll(folder, "TMP") };
}

test("list shows every dataset and where it lies", async () => {
  const folder = await temporaryFolder();
  await mkdir(join(folder, "data", "kmnist"), { recursive: true });
  await writeFile(join(folder, "data", "kmnist", "t10k-labels-idx1-ubyte.gz"), "");
  expect((await run(folder, "list")).out).toMatchInlineSnapshot(`
    "NAME             WHAT IT IS                                                                                      DOWNLOAD   LICENCE                      ON THIS MACHINE
    digits           digits drawn by this program, no download                                                       none       MIT                          drawn on first use
    shapes           coloured shapes drawn by this program, each with what it was drawn from                         none       MIT                          drawn on first use
    mnist            handwritten digits                                                                              11.6 MB    CC BY-SA 3.0                 vae data fetch mnist
    fashion-mnist    articles of clothing                                                                            30.9 MB    MIT                          vae data fetch fashion-mnist
    kmnist           cursive Japanese characters                                                                     21.2 MB    CC BY-SA 4.0                 1 of 4 files in TMP/data/kmnist
    binarized-mnist  one fixed draw of binary MNIST (Larochelle and Murray), which published static numbers are on   109.8 MB   not stated                   vae data fetch binarized-mnist
    emnist           handwritten letters and digits, upright; the same characters divided in six ways                561.8 MB   public domain (NIST)         vae data fetch emnist
    omniglot         handwritten characters of 50 alphabets, 105x105, black on white                                 15.9 MB    MIT                          vae data fetch omniglot
    dsprites         white shapes on black, 64x64: combinations of shape, size, angle and position                   not known  Apache-2.0                   vae data fetch dsprites
    cifar-10         colour photographs of ten things, 32x32                                                         170.1 MB   not stated                   vae data fetch cifar-10
    svhn             digits of house numbers, 32x32 in colour                                                        246.3 MB   for non-commercial use only  vae data fetch svhn
    idx              your own IDX files, of any image size, grey or RGB, plain or gzip                               none       yours
    images           a folder of your own PNG, JPEG or WebP images, subfolders are classes                           none       yours
    celeba-64        faces of CelebA, cropped to 64x64, from the folder of the aligned images that you have          none       non-commercial research
    npz              your own images in a .npz or .npy file of numpy                                                 none       yours
    mat              your own images in a .mat file of MATLAB (version 7 or older)                                   none       yours
    amat             your own images as text (.amat, .csv): the numbers of an image a line, its class last if there  none       yours
    cifar            your own images in the binary format of CIFAR-10 and CIFAR-100, 32x32 RGB                       none       yours
    pairs            your own images x, each with its y: two folders of images, or a .npz file                       none       yours
    table            your own table of numbers and categories: CSV, TSV or arrays of numpy                           none       yours
    "
  `);
  const { datasets } = JSON.parse((await run(folder, "list", "--json")).out);
  expect(datasets.map(({ name }: { name: string }) => name)).toEqual([
    "digits",
    "shapes",
    "mnist",
    "fashion-mnist",
    "kmnist",
    ...["binarized-mnist", "emnist", "omniglot", "dsprites", "cifar-10", "svhn"],
    ...["idx", "images", "celeba-64", "npz", "mat", "amat", "cifar", "pairs", "table"],
  ]);
});

test("inspect tells of the user's images and draws them", async () => {
  const folder = await temporaryFolder();
  for (const [i, level] of [0, 0, 0, 255, 255, 128].entries()) {
    const path = join(folder, "photos", level === 0 ? "dark" : "light");
    await mkdir(path, { recursive: true });
    await writeFile(join(path, `${i}.png`), png(4, 4, [level, level, level]));
  }
  const args = [
    "inspect",
    "images",
    "--path",
    join(folder, "photos"),
    "--out",
    join(folder, "sheets", "photos.png"),
  ];
  const { out, err } = await run(folder, ...args);
  expect(out).toMatchInlineSnapshot(`
    "images   4x4x1 (height x width x channels)
    splits   train: 4, validation: 1, test: 1
    classes  train: dark: 2, light: 2
             validation: dark: 0, light: 1
             test: dark: 1, light: 0
    below    train, 4 images
    pixels   8 bits from 0 to 255, 3 distinct values, 50.0 % of them 0 and 33.3 % 255; 0 is black, 255 white
             mean 0.5000, std 0.5000 of white
             50.00 % exactly 0, 50.00 % exactly 255
             binary: every pixel is 0 or 255
    levels   share (length of the bar: its square root)
                0-15  50.00 % ████████████████████████████████████████
               16-31   0.00 %
               32-47   0.00 %
               48-63   0.00 %
               64-79   0.00 %
               80-95   0.00 %
              96-111   0.00 %
             112-127   0.00 %
             128-143   0.00 %
             144-159   0.00 %
             160-175   0.00 %
             176-191   0.00 %
             192-207   0.00 %
             208-223   0.00 %
             224-239   0.00 %
             240-255  50.00 % ████████████████████████████████████████
    drawn    TMP/sheets/photos.png
    "
  `);
  expect(err).toBe("looking at TMP/photos: 6 images\nreading TMP/photos: 6 images\n");
  const { width, height } = PNG.sync.read(await readFile(join(folder, "sheets", "photos.png")));
  expect([width, height]).toEqual([20 * 6 + 2, 2 * 6 + 2]);

  const told = JSON.parse((await run(folder, ...args, "--json", "--split", "test")).out);
  expect(told).toMatchObject({
    imageShape: [4, 4, 1],
    counts: { train: 4, validation: 1, test: 1 },
    split: "test",
  });
});

test("inspect says when images are binary", async () => {
  const folder = await temporaryFolder();
  const data = Uint8Array.from({ length: 60 }, (_, i) => (i % 2) * 255);
  await writeFile(join(folder, "train"), encodeIdx({ dims: [10, 2, 3], data }));
  await writeFile(join(folder, "labels"), tinyImages(10).labels);
  const files = ["--train-images", join(folder, "train"), "--train-labels", join(folder, "labels")];
  const { out } = await run(folder, "inspect", "idx", ...files, "--out", join(folder, "idx.png"));
  expect(out).toContain("binary: every pixel is 0 or 255");
  expect(out).toContain("classes  train: 0: 3, 1: 3, 2: 2\n");
});

test("wrong usage is told with what is accepted", async () => {
  const folder = await temporaryFolder();
  const told = [];
  for (const args of [
    ["inspect", "mnst"],
    ["fetch", "digits", "fashion_mnist"],
    ["fetch", "images"],
    ["inspect", "images"],
    ["inspect", "mnist", "--path", "x", "--train-images", "y"],
    ["inspect", "images", "--path", "x", "--channels", "two"],
    ["inspect", "digits", "--validation", "0"],
  ]) {
    told.push(await failureOf(run(folder, ...args), folder));
  }
  expect(`\n${told.join("\n")}\n`).toMatchInlineSnapshot(`
    "
    usage: mnst is not a dataset. Accepted: digits, shapes, mnist, fashion-mnist, kmnist, binarized-mnist, emnist, omniglot, dsprites, cifar-10, svhn, idx, images, celeba-64, npz, mat, amat, cifar, pairs, table. Did you mean mnist?
    usage: fashion_mnist is not a dataset. Accepted: digits, shapes, mnist, fashion-mnist, kmnist, binarized-mnist, emnist, omniglot, dsprites, cifar-10, svhn, idx, images, celeba-64, npz, mat, amat, cifar, pairs, table. Did you mean fashion-mnist?
    usage: images reads your own files: there is nothing to fetch.
    usage: vae data inspect images: --path is missing. Accepted: folder of PNG, JPEG or WebP images (npz: .npz or .npy file, pairs: either, table: CSV, TSV or .npz file); relative to the working directory.
    usage: vae data inspect mnist: --path, --train-images: not for mnist.
    usage: vae data inspect images: --channels: Invalid input. Accepted: 1 (grey) or 3 (RGB) (default: 1 if all images are grey, otherwise 3).
    usage: vae data inspect digits: --validation: Too small: expected number to be >=1. Accepted: images held out of the training set for validation, which \`split\` says (table: share or number of rows, default 0.1; 0: the training rows serve for it).
    "
  `);
});

test("without a terminal, progress is one line for each file", () => {
  const lines: string[] = [];
  const { onProgress, stop } = dataProgressBar({
    isTTY: false,
    write: (text: string) => lines.push(text),
  } as never);
  const event = { label: "mnist/a.gz", total: 9_912_422, unit: "bytes" } as const;
  for (const done of [0, 5000, 9_912_422]) onProgress({ ...event, done });
  for (const done of [2_000_000, 9_912_422]) onProgress({ ...event, label: "mnist/b.gz", done });
  onProgress({ label: "drawing digits", done: 0, total: 70_000, unit: "images" });
  stop();
  expect(lines).toEqual([
    "mnist/a.gz: 9.9 MB\n",
    "mnist/b.gz: 9.9 MB, continued at 2.0 MB\n",
    "drawing digits: 70,000 images\n",
  ]);
});

test("sizes", () => {
  expect([999, 28_881, 9_912_422].map(formatBytes)).toEqual(["999 B", "28.9 kB", "9.9 MB"]);
});

test("fetch --dry-run tells what would come from where, and brings nothing", async () => {
  const folder = await temporaryFolder();
  const { out } = await run(folder, "fetch", "svhn", "dsprites", "digits", "--dry-run");
  expect(out).toMatchInlineSnapshot(`
    "DATASET   FILE                                            SIZE       FROM
    svhn      train_32x32.mat                                 182.0 MB   http://ufldl.stanford.edu/housenumbers/train_32x32.mat
    svhn      test_32x32.mat                                  64.3 MB    http://ufldl.stanford.edu/housenumbers/test_32x32.mat
    dsprites  dsprites_ndarray_co1sh3sc6or40x32y32_64x64.npz  not known  https://raw.githubusercontent.com/google-deepmind/dsprites-dataset/master/dsprites_ndarray_co1sh3sc6or40x32y32_64x64.npz
    digits    train-images-idx3-ubyte                                    drawn by this program
    digits    train-labels-idx1-ubyte                                    drawn by this program
    digits    t10k-images-idx3-ubyte                                     drawn by this program
    digits    t10k-labels-idx1-ubyte                                     drawn by this program
    To fetch: 246.3 MB and more. Nothing was fetched.
    "
  `);
  const { files } = JSON.parse(
    (await run(folder, "fetch", "svhn", "--dry-run", "--json", "--mirror", "http://here/data")).out,
  );
  expect(files[0]).toMatchObject({ bytes: 182040794, licence: "for non-commercial use only" });
  expect(files[0].from).toEqual([
    "http://here/data/svhn/train_32x32.mat",
    "http://here/data/train_32x32.mat",
  ]);
  expect(await failureOf(run(folder, "fetch", "images", "--dry-run"))).toBe(
    "usage: images reads your own files: there is nothing to fetch.",
  );
});
