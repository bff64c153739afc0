import { execFileSync, spawn } from "node:child_process";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { describe, expect, test } from "vitest";
import { markdownTable } from "../../src/reporting/markdownTable.ts";
import { broken, canRedraw, fitting } from "../../src/reporting/terminal.ts";
import { describeUnless } from "../helpers/missing.ts";
import { inFolder, program } from "../helpers/vae.ts";

const { folder } = inFolder();

const vae = [process.execPath, ...program].join(" ");

const tiny =
  "--dataset.trainCount 2000 --dataset.testCount 40 --dataset.validation 60 --hidden 8 --latent-dim 2 " +
  "--batch-size 20 --backend wasm --threads 1 --epochs 1";

/** What stands on a terminal of so many columns; `keys` are typed once it shows `after`. */
async function onTerminal(
  args: string,
  {
    columns,
    env = {},
    after,
    keys = "",
  }: { columns: number; env?: NodeJS.ProcessEnv; after?: RegExp; keys?: string },
) {
  const { CI: _, ...clean } = process.env;
  const child = spawn("script", ["-qfec", `stty cols ${columns}; exec ${vae} ${args}`, "/dev/null"], {
    cwd: folder,
    env: { ...clean, TERM: "xterm", XDG_CACHE_HOME: join(folder, "cache"), VAE_DATA_DIR: "", ...env }, // digits are to be drawn
    stdio: ["pipe", "pipe", "ignore"],
  });
  let shown = "";
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    shown += text;
  });
  const closed = new Promise<number | null>((resolve) => child.on("close", resolve));
  if (after) {
    while (!after.test(shown) && child.exitCode === null) await pause(5);
    child.stdin.write(keys);
  }
  return { code: await closed, shown };
}

const ESCAPE = "\u001b";
const CONTROL = new RegExp(`${ESCAPE}(?:\\[[?\\d;]*[A-Za-z]|[78])`, "g");

/** Each state of each line: what is drawn anew begins at its left end. */
const states = (shown: string) =>
  shown
    .replaceAll(`${ESCAPE}[1G`, "\n")
    .replaceAll(CONTROL, "")
    .split(/[\r\n]+/);

const occurrences = (text: string, part: string) => text.split(part).length - 1;

const script = (() => {
  try {
    return execFileSync("script", ["--version"], { encoding: "utf8" }).includes("util-linux")
      ? undefined
      : "no script of util-linux, which makes a terminal";
  } catch {
    return "no script of util-linux, which makes a terminal";
  }
})();

describeUnless(script, "on a terminal", () => {
  test("of 20 columns nothing is wider, and no word is cut", async () => {
    const { code, shown } = await onTerminal(`train ${tiny} --out narrow 2>&1 >/dev/null`, { columns: 20 });
    expect(code).toBe(0);
    const lines = states(shown);
    expect(lines.filter((line) => line.length > 20)).toEqual([]);
    expect(lines).toEqual(expect.arrayContaining(["drawing digits  0 %", "100 %", "loss = distortion +"]));
    expect(lines.some((line) => /^epoch 1\/1 {2}\d+ %$/.test(line))).toBe(true);
    expect(occurrences(shown, `${ESCAPE}[?25h`)).toBe(occurrences(shown, `${ESCAPE}[?25l`));
  });

  test("of 100 columns a bar is drawn, and Ctrl-C gives the cursor back", async () => {
    const { code, shown } = await onTerminal(`train ${tiny} --epochs 50 --out wide`, {
      columns: 100,
      after: /epoch 2\/50 /,
      keys: "\u0003",
    });
    expect(code).toBe(130);
    expect(states(shown)).toEqual(
      expect.arrayContaining([
        expect.stringMatching(
          /^epoch 1\/50 {2}\[=+ +\] {2}\d+ % {2}loss [\d.]+ {2}[\d,]+ images\/s {2}\S+( s)? left$/,
        ),
        expect.stringMatching(
          /^Interrupted after \d+ steps?, with a checkpoint\. Go on with: vae train --resume --out/,
        ),
      ]),
    );
    expect(occurrences(shown, `${ESCAPE}[?25h`)).toBe(occurrences(shown, `${ESCAPE}[?25l`));
    expect(shown.lastIndexOf(`${ESCAPE}[?25h`)).toBeGreaterThan(shown.lastIndexOf(`${ESCAPE}[?25l`));
  });

  test.each([{ TERM: "dumb" }, { CI: "true" }])("with %j there are plain lines", async (env) => {
    const { code, shown } = await onTerminal(`train ${tiny} --out ${Object.keys(env)[0]}`, {
      columns: 80,
      env,
    });
    expect(code).toBe(0);
    expect(shown).not.toContain(ESCAPE);
    expect(shown).toMatch(/\nepoch 1\/1 .*\r\n/);
  });
});

describe("text", () => {
  test("is broken between words, and goes on indented", () => {
    expect(broken("data        60 train, 5 test images", 20)).toBe(
      "data        60\n  train, 5 test\n  images",
    );
    expect(broken("  a/very/long/path/to/a/file is there", 12)).toBe(
      "  a/very/long/path/to/a/file\n    is there",
    );
    expect(broken("short\n\n  lines  stay", 20)).toBe("short\n\n  lines  stay");
  });

  test("keeps a table that fits, and folds one that does not by its columns", () => {
    const cells = [
      ["1", "107.05", "a|b"],
      ["2–3", "99.93", "c"],
    ];
    const table = markdownTable(["rank", "-ELBO", "a long heading"], cells, 1);
    expect(broken(table, 40)).toBe(table);
    expect(broken(`wide:\n\n${table}\nafter it`, 30).split("\n")).toEqual([
      "wide:",
      "",
      "| rank |  -ELBO |",
      "|------|-------:|",
      "| 1    | 107.05 |",
      "| 2–3  |  99.93 |",
      "",
      "| rank | a long heading |",
      "|------|---------------:|",
      "| 1    |            a|b |",
      "| 2–3  |              c |",
      "after it",
    ]);
    expect(broken(table, 5).split("\n")).toHaveLength(9); // each column for itself
    expect(broken("| 1 |", 3)).toBe("| 1 |");
  });

  test("has as many parts as fit, the best ones", () => {
    const parts = [
      { text: "epoch 1/9", rank: 0 },
      { text: "[==  ]", rank: 2 },
      { text: "50 %", rank: 1 },
    ];
    expect([30, 23, 22, 15, 14, 1].map((columns) => fitting(parts, columns))).toEqual([
      "epoch 1/9  [==  ]  50 %",
      "epoch 1/9  [==  ]  50 %",
      "epoch 1/9  50 %",
      "epoch 1/9  50 %",
      "epoch 1/9",
      "epoch 1/9",
    ]);
  });

  test("is drawn anew only where that is understood", () => {
    const write = () => {};
    expect(canRedraw({ isTTY: true, write }, { TERM: "xterm", NO_COLOR: "1" })).toBe(true); // there are no colours
    expect(canRedraw({ isTTY: true, write }, { TERM: "dumb" })).toBe(false);
    expect(canRedraw({ isTTY: true, write }, { CI: "true" })).toBe(false);
    expect(canRedraw({ write }, { TERM: "xterm" })).toBe(false);
  });
});
