import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { writeFileAtomic } from "../../src/base/atomicFile.ts";

const folder = mkdtempSync(join(tmpdir(), "vae-atomic-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

test("makes folders, replaces files, and leaves nothing beside them", async () => {
  const path = join(folder, "a/b/c.bin");
  await writeFileAtomic(path, "first");
  await writeFileAtomic(path, Uint8Array.of(1, 2, 3));
  expect([...readFileSync(path)]).toEqual([1, 2, 3]);
  expect(readdirSync(join(folder, "a/b"))).toEqual(["c.bin"]);
});

test("says in words why it cannot, and leaves what was there", async () => {
  const path = join(folder, "taken");
  mkdirSync(join(path, "inside"), { recursive: true });
  await expect(writeFileAtomic(path, "x")).rejects.toThrow(
    `Cannot write ${path}: a folder of that name is in its place (EISDIR).`,
  );
  writeFileSync(join(folder, "file"), "kept");
  await expect(writeFileAtomic(join(folder, "file/below"), "x")).rejects.toThrow(/a file is in the place/);
  expect(readFileSync(join(folder, "file"), "utf8")).toBe("kept");
  expect(readdirSync(folder).toSorted()).toEqual(["a", "file", "taken"]);
});

test("a file that does not fit leaves the one before, whole", async (context) => {
  const disk = join(folder, "disk");
  mkdirSync(disk);
  try {
    execFileSync("mount", ["-t", "tmpfs", "-o", "size=64k", "tmpfs", disk], { stdio: "ignore" });
  } catch {
    return context.skip("no small disk can be mounted here");
  }
  try {
    const path = join(disk, "weights");
    await writeFileAtomic(path, new Uint8Array(20_000).fill(7));
    for (const size of [50_000, 60_000, 200_000]) {
      const bytes = new Uint8Array(size).fill(8);
      await expect(writeFileAtomic(path, bytes)).rejects.toThrow(/no space is left on the disk \(ENOSPC\)/);
      expect(readFileSync(path).equals(Buffer.alloc(20_000, 7))).toBe(true);
      expect(readdirSync(disk)).toEqual(["weights"]);
    }
  } finally {
    execFileSync("umount", [disk]);
  }
});
