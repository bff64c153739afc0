import { execFile } from "node:child_process";
import { chmodSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { delimiter, join } from "node:path";
import { promisify } from "node:util";
import { expect, test } from "vitest";
import { inFolder, program } from "./helpers/vae.ts";

// Each page is run from its top to "Try it", in one folder for all pages: what one has trained, later ones use. What a
// `sh` block prints is put in the place of the `text` block that follows it, and the page must be as it was:
// `vitest run test/tutorial.test.ts -u` writes it anew.

/** How far a printed number of a trained run may move: processors round a fused product differently, and training adds that up. */
const TOLERANCE = 0.005;

const root = join(import.meta.dirname, "..");
const { folder } = inFolder();
const bin = join(folder, "bin");
mkdirSync(bin);
symlinkSync(join(root, "configs"), join(folder, "configs"));
writeFileSync(
  join(bin, "vae"),
  [
    "#!/bin/sh",
    // The pages leave the backend to the machine; their numbers are of the one that is on each.
    'case $1 in compare) ;; *) set -- "$@" --backend wasm ;; esac',
    `exec "${process.execPath}" ${program.map((part) => `"${part}"`).join(" ")} "$@"`,
  ].join("\n"),
);
chmodSync(join(bin, "vae"), 0o755);

const env = {
  ...process.env,
  PATH: [bin, process.env["PATH"]].join(delimiter),
  XDG_CACHE_HOME: join(folder, "cache"),
};

/** What a block of commands prints on both streams, whether it succeeds or is meant to fail. */
const outputOf = (commands: string) =>
  promisify(execFile)("sh", ["-c", `exec 2>&1\n${commands}`], { cwd: folder, env }).then(
    ({ stdout }) => stdout,
    (error: { stdout: string }) => error.stdout,
  );

const NUMBER = /\d[\d,]*(?:\.\d+)?(?:e[+−-]?\d+)?/g;
const literally = (text: string) => text.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");

/** What a printed line may be matched by: the same words, other numbers, and anything for "…". Spaces only separate. */
const likeLine = (line: string) =>
  new RegExp(
    `^${line
      .trim()
      .split("…")
      .map((part) =>
        part
          .split(NUMBER)
          .map((words) => words.split(/\s+/).map(literally).join("\\s+"))
          .join(`(${NUMBER.source})`),
      )
      .join(".*")}$`,
  );

const toNumber = (text: string) => Number(text.replaceAll(",", "").replace("−", "-"));

/** Whether two printed numbers differ by more than the last digit and the tolerance. */
function differ(printed: string, actual: string, tolerance: number): boolean {
  const decimals = printed.split(".")[1]?.length ?? 0;
  const slack = Math.max(1.001 * 10 ** -decimals, tolerance * toNumber(printed));
  return Math.abs(toNumber(actual) - toNumber(printed)) > slack;
}

/**
 * The printed lines as they are, or with the numbers of now if one of them differs. Lines in a row are printed in a row;
 * a line "…" stands for any others.
 */
function printedNow(printed: string, output: string, tolerance: number): string {
  const actual = output.split("\n").map((line) => line.trim());
  const numbers: string[] = [];
  let at = 0;
  for (const lines of printed
    .trimEnd()
    .split(/^…$/m)
    .map((run) => run.trim().split("\n"))) {
    const patterns = lines.map(likeLine);
    const fits = (from: number) => patterns.every((like, i) => like.test(actual[from + i] ?? ""));
    while (at < actual.length && !fits(at)) at++;
    expect(at, `nothing like\n\n${lines.join("\n")}\n\nin\n\n${output}`).toBeLessThan(actual.length);
    for (const like of patterns) numbers.push(...like.exec(actual[at++]!)!.slice(1));
  }
  const before = printed.match(NUMBER) ?? [];
  return before.some((number, i) => differ(number, numbers[i]!, tolerance))
    ? printed.replace(NUMBER, () => numbers.shift()!)
    : printed;
}

const pages = ["1-elbo", "2-mse", "3-rate-distortion", "4-densities", "5-comparing"];

test.for(pages)("what page %s says that its commands print", { timeout: 300_000 }, async (name) => {
  const file = join(root, "docs", "tutorial", `${name}.md`);
  const [page, tryIt] = readFileSync(file, "utf8").split(/(?=^## Try it$)/m);
  const parts = page!.split(/^(```(?:sh|text)\n[\s\S]*?^```\n)/m);
  let output = "";
  let tolerance = 0;
  for (const [i, part] of parts.entries()) {
    const [, kind, content] = /^```(sh|text)\n([\s\S]*)```\n$/.exec(part) ?? [];
    if (kind === "sh") {
      output = await outputOf(content!);
      tolerance = content!.includes("runs/") ? TOLERANCE : 0;
    }
    if (kind === "text") parts[i] = `\`\`\`text\n${printedNow(content!, output, tolerance)}\`\`\`\n`;
  }
  expect(parts.length).toBeGreaterThan(2);
  await expect(parts.join("") + tryIt).toMatchFileSnapshot(file);
});
