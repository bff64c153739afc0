import { execFileSync } from "node:child_process";
import { cpSync, existsSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { beforeAll, expect, test } from "vitest";
import { inFolder, tinyRun } from "./helpers/vae.ts";

const root = join(import.meta.dirname, "..");
const { folder } = inFolder();
const installed = join(folder, "node_modules", "vae");

/** What is published. */
let files: string[];

/** A program of Node in a folder that has the package as it is published, and nothing else of ours. */
const node = (...args: string[]) =>
  execFileSync(process.execPath, ["--liftoff-only", ...args], { cwd: folder, encoding: "utf8" });

beforeAll(() => {
  const packed = execFileSync("npm", ["pack", "--dry-run", "--ignore-scripts", "--json"], {
    cwd: root,
    encoding: "utf8",
  });
  files = JSON.parse(packed)[0].files.map(({ path }: { path: string }) => path);
  for (const file of files) {
    mkdirSync(dirname(join(installed, file)), { recursive: true });
    cpSync(join(root, file), join(installed, file));
  }
  symlinkSync(join(root, "node_modules"), join(installed, "node_modules"));
});

test("pages that are published link to what is published", () => {
  const pages = files.filter((file) => file.endsWith(".md"));
  expect(pages).toContain("README.md");
  const links = pages.flatMap((page) =>
    [...readFileSync(join(root, page), "utf8").matchAll(/\]\(([^)#]+)|src="([^"]+)"/g)]
      .map(([, link, image]) => (link ?? image)!)
      .filter((link) => !/^[a-z]+:/.test(link))
      .map((link) => join(dirname(page), link)),
  );
  expect(links.length).toBeGreaterThan(3);
  expect(links.filter((link) => !existsSync(join(installed, link)))).toEqual([]);
});

test("it says all that a registry asks for", () => {
  const about = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));
  expect(about.private).toBeUndefined();
  for (const key of ["description", "license", "keywords", "exports", "types", "bin", "engines"])
    expect(about, key).toHaveProperty(key);
  expect(files).toContain("dist/explore/page/index.html");
  for (const path of [about.types, about.exports["."].types, about.exports["."].default, about.bin.vae])
    expect(files).toContain(join(path));
});

const program = `
import { loadRun, VaeError, type Encoded, type Run, type Values } from "vae";

const run: Run = await loadRun("runs/a", { backend: "wasm", threads: 1 });
const drawn: Values = await run.sample(3, { seed: 1 });
const { mean, logVar }: Encoded = await run.encode(drawn);
const x: Float32Array = (await run.decode(mean.values)).values;
const logProb: Float64Array = await run.logProb(drawn, { k: 4 });
console.log(JSON.stringify({ shape: mean.shape, other: logVar?.shape, x: x.length, logProb: [...logProb] }));
const wrong: unknown = await run.encode([1, 2]).catch((error: unknown) => error);
if (!(wrong instanceof VaeError) || wrong.code !== "failure") throw wrong;
run.dispose();
`;

test("a program that installs it trains by a recipe's name, loads the run, and its types are right", () => {
  const vae = join(installed, "bin", "vae.js");
  const { run } = JSON.parse(
    node(vae, "train", "quick", ...tinyRun, "--epochs", "1", "--json", "--out", "runs/a"),
  );
  expect(run).toBe("runs/a");

  writeFileSync(join(folder, "package.json"), '{ "type": "module" }');
  writeFileSync(join(folder, "program.ts"), program);
  const options = ["--module", "nodenext", "--target", "es2023", "--strict", "--types", ""];
  node(join(root, "node_modules", "typescript", "bin", "tsc"), ...options, "program.ts");
  const { shape, other, x, logProb } = JSON.parse(node("program.js"));
  expect(shape).toEqual([3, 2]);
  expect(other).toEqual([3, 2]);
  expect(x).toBe(3 * 784);
  for (const value of logProb) expect(value).toBeLessThan(0);
});
