import { execFile } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, expect, test } from "vitest";
import { type Fault, faulty } from "./command.ts";

const root = mkdtempSync(join(tmpdir(), "vae-hooks-"));
afterAll(() => rmSync(root, { recursive: true, force: true }));
const folder = join(root, "run");
const log = join(root, "log");
const script = join(root, "script.mjs");

/** What the modules of a program do that are loaded after the hook, and what the log then says. */
async function doing(
  work: string,
  fault: Fault = {},
): Promise<{ lines: string[]; code: unknown; stderr: string }> {
  rmSync(folder, { recursive: true, force: true });
  writeFileSync(log, "");
  writeFileSync(
    script,
    `import * as sync from "node:fs";
     import { mkdirSync, openSync, writeSync, fsyncSync, closeSync, renameSync, appendFileSync, writeFileSync } from "node:fs";
     import { mkdir, open, rename, rm, unlink, writeFile } from "node:fs/promises";
     const at = (name) => ${JSON.stringify(folder)} + "/" + name;
     ${work}`,
  );
  const ran = await promisify(execFile)(process.execPath, [script], {
    env: { ...process.env, ...faulty(folder, { log, ...fault }) },
  }).catch((error) => error);
  const lines = readFileSync(log, "utf8").split("\n").slice(0, -1);
  return {
    lines: lines.map((line) => line.slice(line.indexOf(" ") + 1)),
    code: ran.signal ?? ran.code ?? 0,
    stderr: ran.stderr,
  };
}

const atomically = `
  await mkdir(at("deep"), { recursive: true });
  const file = await open(at("deep/beside"), "wx");
  await file.writeFile("0123456789");
  await file.sync();
  await file.close();
  await rename(at("deep/beside"), at("deep/there"));
  const parent = await open(at("deep"), "r");
  await parent.sync();
  await parent.close();
`;

test("every operation counts once, by whatever function, and those elsewhere do not", async () => {
  expect((await doing(atomically)).lines).toEqual([
    "mkdir deep",
    "open deep/beside",
    "writeFile deep/beside",
    "sync deep/beside",
    "rename deep/there",
    "sync deep",
  ]);
  const { lines } = await doing(`
    mkdirSync(at(""));
    const fd = openSync(at("a"), "w");
    writeSync(fd, "x");
    fsyncSync(fd);
    closeSync(fd);
    writeFileSync(at("b"), "x");
    appendFileSync(at("b"), "y");
    renameSync(at("b"), at("c"));
    await writeFile(at("d"), "x");
    await unlink(at("d"));
    await new Promise((resolve) => sync.writeFile(at("e"), "x", resolve));
    sync.rmSync(at("e"));
    const elsewhere = openSync(${JSON.stringify(join(root, "elsewhere"))}, "w");
    writeSync(elsewhere, "x");
    sync.readFileSync(at("a"));
    const stream = sync.createWriteStream(at("f"));
    await new Promise((resolve) => stream.end("x", resolve));
  `);
  expect(lines.map((line) => line.trim())).toEqual([
    ...["mkdir", "open a", "write a", "fsync a", "writeFile b", "appendFile b", "rename c"],
    ...["writeFile d", "unlink d", "writeFile e", "rm e", "open f", "write f"],
  ]);
});

test("it ends before an operation, or in the midst of it", async () => {
  expect(await doing(atomically, { at: 3 })).toMatchObject({ code: "SIGKILL" });
  expect(statSync(join(folder, "deep/beside")).size).toBe(0);
  expect(await doing(atomically, { at: 3, half: true })).toMatchObject({ code: "SIGKILL" });
  expect(readFileSync(join(folder, "deep/beside"), "utf8")).toBe("01234");
  expect(await doing(atomically, { at: 5, half: true })).toMatchObject({ code: "SIGKILL" });
  expect(readdirSync(join(folder, "deep"))).toEqual(["there"]);
});

test("half of a write is the first half of what was to be written", async () => {
  const bytes = `Buffer.from("..01234567..")`;
  for (const write of [
    `await file.write(${bytes}, 2, 8)`,
    `writeSync(file.fd, ${bytes}, 2, 8)`,
    `await file.write("01234567")`,
  ]) {
    await doing(`mkdirSync(at("")); const file = await open(at("a"), "w"); ${write};`, { at: 3, half: true });
    expect(readFileSync(join(folder, "a"), "utf8"), write).toBe("0123");
  }
});

test("it fails once, or from then on, where such an error can strike", async () => {
  const twice = `
    mkdirSync(at(""));
    for (const name of ["a", "b"]) await writeFile(at(name), "0123").catch(({ code }) => console.error(name, code));
    await rm(at("a"), { force: true });
  `;
  expect((await doing(twice, { at: 2, error: "ENOSPC", half: true })).stderr).toBe("a ENOSPC\n");
  expect(readdirSync(folder)).toEqual(["b"]);
  expect((await doing(twice, { at: 2, error: "ENOSPC", lasting: true })).stderr).toBe("a ENOSPC\nb ENOSPC\n");
  expect((await doing(twice, { at: 4, error: "EIO" })).stderr).toMatch(/Error: EIO: .* rm '/);
});
