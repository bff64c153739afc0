import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterAll, describe, expect, test } from "vitest";
import { stringify } from "yaml";
import { VaeError } from "../../src/base/errors.ts";
import { configYaml, loadConfig } from "../../src/config/load.ts";
import { settings } from "../../src/config/settings.ts";
import { settle } from "../../src/runs/experiment.ts";
import { count, tally } from "./counts.ts";

/** Of each kind. */
const COUNT = count("generated configurations", 150, 1000);
const SECONDS = 5;
const seed = 12;

const folder = mkdtempSync(join(tmpdir(), "vae-configurations-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const file = join(folder, "run.yaml");
const other = join(folder, "again.yaml");

/** A configuration that loads again as itself, or the sentence that it is refused with; anything else is a defect. */
function load(text: string | Uint8Array, flags: ReadonlyMap<string, string> = new Map()): string | undefined {
  writeFileSync(file, text);
  const started = process.cpuUsage();
  try {
    const config = settle(loadConfig(file, flags));
    writeFileSync(other, configYaml(config));
    expect(loadConfig(other)).toEqual(config);
    return undefined;
  } catch (error) {
    if (!(error instanceof VaeError)) throw error;
    expect(error.code).toBe("usage");
    expect(error.message).not.toMatch(/\n {4}at |\[object/);
    expect(error.message.length).toBeLessThan(20_000);
    return error.message;
  } finally {
    const { user, system } = process.cpuUsage(started);
    expect((user + system) / 1e6).toBeLessThan(SECONDS); // of a processor, whoever else has it
    expect(({} as Record<string, unknown>)["polluted"]).toBeUndefined();
  }
}

const known = settings();
const choices = known.flatMap(({ accepts }) => accepts.split(" | "));

/** What a setting may be given, sensible or not. */
const value: fc.Arbitrary<unknown> = fc.oneof(
  fc.constantFrom(0, 1, 2, 5, 20, 256, 0.1, 0.5, -1, 1e9, 1e300, -0, 2 ** 53, Number.MAX_SAFE_INTEGER),
  fc.double(),
  fc.integer(),
  fc.constantFrom(...choices, "", "shared", "1e5", "NaN", "null", "~", "true", "0x10", "1_000", "2020-01-01"),
  fc.constantFrom(null, true, false, Number.NaN, Number.POSITIVE_INFINITY, [], {}, [[]], [400, 200]),
  fc.string({ unit: "binary", maxLength: 12 }),
  fc.array(fc.oneof(fc.integer({ min: -2, max: 500 }), fc.string({ maxLength: 3 })), { maxLength: 5 }),
);

const isNear = (a: string, b: string) => a.split(".")[0] === b.split(".")[0];

/** Values at the paths of settings, some misspelt, nested as in a file. */
const tree = fc
  .array(
    fc.record({
      path: fc.oneof(
        { weight: 8, arbitrary: fc.constantFrom(...known.map(({ path }) => path)) },
        {
          weight: 1,
          arbitrary: fc.constantFrom(
            "training",
            "model.network",
            "__proto__.polluted",
            "constructor.prototype",
            "toString",
            "model.prior.kind.kind",
            "dataset.",
          ),
        },
        { weight: 1, arbitrary: fc.string({ maxLength: 8 }) },
      ),
      value,
    }),
    { maxLength: 8 },
  )
  .map((entries) => {
    const root: Record<string, unknown> = Object.create(null);
    for (const { path, value } of entries) {
      const keys = path.split(".");
      let section = root;
      for (const key of keys.slice(0, -1)) {
        const inner = section[key];
        if (typeof inner !== "object" || inner === null || Array.isArray(inner))
          section[key] = Object.create(null);
        section = section[key] as Record<string, unknown>;
      }
      section[keys.at(-1)!] = value;
    }
    return root;
  });

describe("generated configurations load again as themselves, or are refused in sentences", () => {
  test(`${COUNT} trees of settings`, () => {
    let accepted = 0;
    fc.assert(
      fc.property(tree, (tree) => {
        if (load(stringify(tree)) === undefined) accepted++;
      }),
      { numRuns: COUNT, seed },
    );
    expect(accepted).toBeGreaterThan(0);
    tally("generated configurations", COUNT);
  });

  test(`${COUNT} settings with a value within their bounds or at them`, () => {
    const one = fc.constantFrom(...known).chain((setting) => {
      const numbers = [...setting.accepts.matchAll(/-?\d+(?:\.\d+)?/g)].map(([n]) => Number(n));
      const bounds = numbers.flatMap((n) => [n, n + 1, n - 1]);
      const own = fc.constantFrom(...setting.accepts.split(" | "), ...bounds, setting.default ?? null);
      return fc.record({
        path: fc.constant(setting.path),
        kind: fc.constantFrom(...setting.kinds, undefined),
        value: own,
      });
    });
    let accepted = 0;
    fc.assert(
      fc.property(one, ({ path, kind, value }) => {
        const flags = new Map([[path, typeof value === "string" ? value : JSON.stringify(value)]]);
        const choice = known.find(
          (s) => s.isChoice && path.startsWith(s.path.replace(/[^.]+$/, "")) && isNear(s.path, path),
        );
        if (kind !== undefined && choice) flags.set(choice.path, kind);
        if (load("", flags) === undefined) accepted++;
      }),
      { numRuns: COUNT, seed },
    );
    expect(accepted).toBeGreaterThan(COUNT / 5);
    tally("generated configurations", COUNT);
  });

  test(`${COUNT} texts, of YAML's own and of any other kind`, () => {
    const piece = fc.oneof(
      fc.constantFrom(
        ...[
          "training:\n",
          "  epochs: 3\n",
          "model: {latentDim: 4}\n",
          "&a ",
          "*a",
          "<<: *a\n",
          "<<: 5\n",
          "!!binary aGk=\n",
        ],
        ...[
          "!!set {a, b}\n",
          "!!omap [a: 1]\n",
          "!!timestamp 2001-12-14\n",
          "!custom 5\n",
          "? [a, b]\n: 3\n",
          "--- \n",
          "...\n",
        ],
        ...[
          "%YAML 1.1\n",
          "%TAG ! tag:x,2000:\n",
          "\uFEFF",
          "\r\n",
          "\t",
          "- ",
          "[",
          "{",
          "}",
          "]",
          "|\n",
          ">-\n",
          "'",
          '"',
          "#",
          ": ",
        ],
        ...[
          "training: &t {epochs: 2}\n",
          "objective: *t\n",
          "epochs: 2\nepochs: 3\n",
          "__proto__: {polluted: 1}\n",
          ".nan\n",
          "-.inf\n",
        ],
        ...[
          "{".repeat(3000),
          "[".repeat(3000),
          "a: ".repeat(3000),
          "- ".repeat(3000),
          "&a [*a]\n",
          "0o17",
          "1:30",
          "~",
        ],
      ),
      fc.string({ unit: "binary", maxLength: 20 }),
    );
    const text = fc.array(piece, { maxLength: 10 }).map((pieces) => pieces.join(""));
    fc.assert(
      fc.property(text, (text) => void load(text)),
      { numRuns: COUNT, seed },
    );
    tally("generated configurations", COUNT);
  });

  test(`${COUNT} files of any bytes`, () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => void load(bytes)),
      { numRuns: COUNT, seed },
    );
    tally("generated configurations", COUNT);
  });
});

/** Each is refused, unless it says that it is fine. */
test.each<[name: string, text: string, fine?: true]>([
  ["10 MB in one string", `dataset: { name: ${"x".repeat(1e7)} }`],
  ["10 MB of comment", `${"# comment\n".repeat(1e6)}training: { epochs: 2 }`],
  ["90 kB of comment", `${"# comment\n".repeat(9000)}training: { epochs: 2 }`, true],
  ["90 kB of a list", `model: { network: { hidden: [${"4, ".repeat(30_000)}4] } }`],
  ["90 kB of keys", Array.from({ length: 7000 }, (_, i) => `key${i}: 1`).join("\n")],
  ["90 kB of one word", `likelihood: { kind: ${"x".repeat(90_000)} }`],
  ["10 MB of a list", `model: { network: { hidden: [${"4, ".repeat(3e6)}4] } }`],
  ["a key for each of a million lines", Array.from({ length: 3e5 }, (_, i) => `key${i}: 1`).join("\n")],
  ["nesting without end", "a: {".repeat(20_000)],
  [
    "a billion laughs",
    `a: &a [x, x, x, x, x, x, x, x, x]\n${[..."bcdefghi"].map((c, i) => `${c}: &${c} [${`*${"abcdefghi"[i]}, `.repeat(9)}]`).join("\n")}`,
  ],
  ["CRLF and a BOM", "\uFEFFtraining:\r\n  epochs: 2\r\n", true],
  ["a prototype", "__proto__: { polluted: true }"],
  ["a prototype deeper", "training: { __proto__: { polluted: true } }"],
  ["keys twice", "training: { epochs: 2, epochs: 3 }"],
  ["two documents", "training: { epochs: 2 }\n---\ntraining: { epochs: 3 }"],
  ["nothing but a BOM", "\uFEFF", true],
])("%s", (_, text, fine) => {
  const told = load(text);
  if (fine) expect(told).toBeUndefined();
  else expect(told).toBeTypeOf("string");
});
