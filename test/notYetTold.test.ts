import { mkdtempSync, readFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { notYetTold } from "../src/reporting/notYetTold.ts";

const terminal = { write: () => true, isTTY: true };
const log = { write: () => true };

beforeEach(() => {
  vi.stubEnv("CI", "");
  vi.stubEnv("TERM", "xterm");
});
afterEach(() => vi.unstubAllEnvs());

test("a note is told once on a terminal, and always in a log", () => {
  const file = join(mkdtempSync(join(tmpdir(), "vae-notes-")), "cache", "told.json");
  const notes = ["not tensorflow: not installed", "not webgpu: no card"];
  expect(notYetTold(notes, log, file)).toEqual(notes);
  expect(notYetTold(notes.slice(0, 1), terminal, file)).toEqual(notes.slice(0, 1));
  expect(notYetTold(notes, terminal, file)).toEqual(notes.slice(1));
  expect(notYetTold(notes, terminal, file)).toEqual([]);
  expect(notYetTold(notes, log, file)).toEqual(notes);
  expect(JSON.parse(readFileSync(file, "utf8"))).toEqual(notes);
});

test("where nothing can be remembered it is told again", () => {
  const notes = ["not webgpu: no card"];
  const file = "/dev/null/told.json";
  expect([notYetTold(notes, terminal, file), notYetTold(notes, terminal, file)]).toEqual([notes, notes]);
});
