import { chmodSync, mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, test } from "vitest";
import { anyFileError, fileError } from "../../src/base/fileErrors.ts";
import { memoryError } from "../../src/base/memoryErrors.ts";
import { defectReport } from "../../src/reporting/defectReport.ts";
import { finish, inFolder, tinyRun } from "../helpers/vae.ts";

const { folder, start, run } = inFolder();

const tiny = [...tinyRun, "--epochs", "1"];

const long = "n".repeat(300);

beforeAll(async () => {
  writeFileSync(join(folder, "file"), "years of work\n");
  symlinkSync("one", join(folder, "two"));
  symlinkSync("two", join(folder, "one"));
  mkdirSync(join(folder, "locked"));
  writeFileSync(join(folder, "locked/config.yaml"), "");
  writeFileSync(join(folder, "itself.yaml"), "dataset: &x\n  name: digits\n  self: *x\n");
  writeFileSync(join(folder, "nothing.yaml"), "training:\n  epochs: *a\n");
  const { code, stderr } = await run("train", ...tiny, "--out", "run");
  expect(code, stderr).toBe(0);
  chmodSync(join(folder, "locked"), 0o700);
  chmodSync(folder, 0o755);
});

/** Of text for people: one paragraph, that starts with what is wrong, and no stack. */
function expectParagraph(stderr: string, says: RegExp) {
  const [first, ...more] = stderr.trim().split("\n");
  expect(first).toMatch(/^Error: /);
  expect(first).toMatch(says);
  expect(more).toEqual([]);
  expect(stderr).not.toMatch(/\n {4}at |Error: E[A-Z]+:/);
}

test.each<[string, string[], number, RegExp]>([
  ["a folder for a configuration", ["train", "locked"], 2, /configuration locked: a folder .*\(EISDIR\)/],
  ["links in a circle", ["train", "one"], 2, /configuration one: its links go in a circle \(ELOOP\)/],
  ["a name that is too long", ["train", long], 2, /its name is too long \(ENAMETOOLONG\)/],
  ["a file for a folder", ["train", "file/x.yaml"], 2, /a file is in the place of its folder \(ENOTDIR\)/],
  ["no such configuration", ["explain", "x.yaml"], 2, /There is neither a file x\.yaml nor a recipe/],
  [
    "an alias that contains itself",
    ["train", "itself.yaml"],
    2,
    /uses YAML aliases in a way that cannot be read/,
  ],
  [
    "an alias that names nothing",
    ["train", "nothing.yaml"],
    2,
    /uses YAML aliases in a way that cannot be read/,
  ],
  [
    "--out below a file",
    ["train", ...tiny, "--out", "file/run"],
    1,
    /file\/run: a file is in the place .*\(ENOTDIR\)/,
  ],
  ["--out that is a file", ["train", ...tiny, "--out", "file"], 1, /file is there already and is not a run/],
  [
    "--out in a circle",
    ["train", ...tiny, "--out", "one/run"],
    1,
    /one\/run: its links go in a circle \(ELOOP\)/,
  ],
  ["--out of too long a name", ["train", ...tiny, "--out", long], 1, /its name is too long \(ENAMETOOLONG\)/],
  ["a run that is a file", ["evaluate", "file"], 1, /file is not a run/],
  ["a run that is a system's file", ["sample", "/etc/passwd"], 1, /\/etc\/passwd is not a run/],
  ["a run in a circle", ["reconstruct", "one"], 1, /one: its links go in a circle \(ELOOP\)/],
  [
    "-o below a file",
    ["sample", "run", "-o", "file/x.png"],
    1,
    /Cannot write file\/x\.png: a file is in the place/,
  ],
  [
    "-o that is a folder",
    ["sample", "run", "-o", "locked"],
    1,
    /Cannot write locked: a folder of that name is in its place/,
  ],
  [
    "images that are a file",
    ["data", "inspect", "images", "--path", "file"],
    2,
    /file is not a folder that can be read/,
  ],
])("%s", async (_, args, code, says) => {
  const isOpened = ["sample", "reconstruct", "evaluate"].includes(args[0]!);
  const ended = await run(...args, ...(isOpened ? ["--backend", "wasm"] : []));
  expect(ended.code, ended.stderr).toBe(code);
  expectParagraph(ended.stderr, says);
});

test.each<[string, Record<string, string>, string[], RegExp]>([
  [
    "VAE_DATA_DIR that is a file, and no cache",
    { VAE_DATA_DIR: "file", XDG_CACHE_HOME: "file" },
    ["data", "fetch", "digits"],
    /No folder for the files of digits: .* cannot be written\. Set VAE_DATA_DIR/,
  ],
  [
    "VAE_TENSORFLOW that is a file",
    { VAE_TENSORFLOW: "file" },
    ["setup", "tensorflow", "--remove"],
    /Cannot read the folder .*file: a file is in the place of its folder \(ENOTDIR\)/,
  ],
])("%s", async (_, settings, args, says) => {
  const env = Object.fromEntries(Object.entries(settings).map(([name, file]) => [name, join(folder, file)]));
  const { code, stderr } = await finish(start(args, env));
  expect(code).toBe(1);
  expectParagraph(stderr, says);
});

describe("another user's files", () => {
  /** Root may read everything; somebody else asks in root's place. */
  const nobody = process.getuid?.() === 0 ? { uid: 65534, gid: 65534 } : {};
  const closed = (mode: number) => chmodSync(join(folder, "locked"), process.getuid?.() === 0 ? 0o700 : mode);

  test.each<[string, string[], number, RegExp]>([
    [
      "a configuration",
      ["train", "locked/config.yaml"],
      2,
      /locked\/config\.yaml: you have no permission \(EACCES\)/,
    ],
    [
      "a folder for runs",
      ["train", ...tiny, "--out", "locked/run"],
      1,
      /locked\/run: you have no permission \(EACCES\)/,
    ],
    [
      "a folder for pictures",
      ["sample", "run", "--backend", "wasm", "-o", "locked/x.png"],
      1,
      /Cannot write locked\/x\.png: you have no permission \(EACCES\)/,
    ],
  ])("%s", async (_, args, code, says) => {
    closed(0o000);
    try {
      const ended = await finish(start(args, {}, nobody));
      expect(ended.code, ended.stderr).toBe(code);
      expectParagraph(ended.stderr, says);
    } finally {
      closed(0o700);
    }
  });
});

test("what nobody has foreseen is a defect, with another exit code and how to send it", async () => {
  const broken = join(folder, "broken.cjs");
  writeFileSync(
    broken,
    `const { Buffer: { prototype } } = globalThis; setTimeout(() => { throw new TypeError("prototype is " + typeof prototype); }, 700);`,
  );
  const child = start(["data", "inspect", "digits", "--out", "it's.png"], {
    NODE_OPTIONS: `--require ${broken}`,
  });
  const { code, stderr } = await finish(child);
  expect(code).toBe(70);
  expect(stderr).toMatch(
    /^This is a defect of vae, not of what you asked for\. Please send these lines to where you have vae from:$/m,
  );
  expect(stderr).toMatch(/^ {2}vae \d+\.\d+\.\d+, Node v\d+.*, \w+ \w+$/m);
  expect(stderr).toMatch(/^ {2}vae data inspect digits --out 'it'\\''s\.png'$/m);
  expect(stderr).toMatch(/^ {2}TypeError: prototype is object\n {6}at .*broken\.cjs/m);
});

test("a value that is no error is told too", () => {
  expect(defectReport({ odd: true }, "0", [])).toMatch(/\{ odd: true \}/);
});

test.each([
  ["an array", () => new Float32Array(2 ** 53)],
  ["a list", () => new Array(2 ** 32)],
  ["memory of WebAssembly", () => new ArrayBuffer(2 ** 52)],
])("%s that is too large is no defect", (_, make) => {
  let thrown: unknown;
  try {
    make();
  } catch (error) {
    thrown = error;
  }
  expect(memoryError(thrown)?.message).toMatch(
    /^There is not enough memory for sizes such as these \(.+\)\. Less of it is needed with a smaller --batch-size/,
  );
});

test("other errors are none of memory or files", () => {
  const error = new TypeError("x is not a function");
  expect([memoryError(error), anyFileError(error), fileError("Cannot", error)]).toEqual([
    undefined,
    undefined,
    error,
  ]);
});
