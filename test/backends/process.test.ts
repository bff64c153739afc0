import { execFile, execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, expect, test } from "vitest";
import { ThreadPool } from "../../src/backends/wasm/threadPool.ts";

/** What a program sees that uses the threads: compiled, in a process of its own, ending by itself. */

const repository = join(import.meta.dirname, "../..");
let folder: string;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "vae-backends-"));
  const config = {
    extends: join(repository, "tsconfig.build.json"),
    compilerOptions: { rootDir: join(repository, "src"), outDir: join(folder, "out"), noCheck: true },
    include: [join(repository, "src/backends")],
  };
  writeFileSync(join(folder, "tsconfig.json"), JSON.stringify(config));
  writeFileSync(join(folder, "package.json"), `{ "type": "module" }`);
  symlinkSync(join(repository, "node_modules"), join(folder, "node_modules"), "junction");
  const compiler = join(repository, "node_modules/typescript/bin/tsc");
  execFileSync(process.execPath, [compiler, "-p", folder]);
});

afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Runs a program that may use `useBackend` and `tf`; whatever it prints must be JSON. */
async function run(program: string, flags: string[] = []): Promise<{ output: unknown; stderr: string }> {
  const file = join(folder, `program-${Math.random().toString(36).slice(2)}.js`);
  const imports = `import { useBackend } from "./out/backends/index.js";\nimport * as tf from "./out/tensors/tf.js";\n`;
  writeFileSync(file, imports + program);
  const { stdout, stderr } = await promisify(execFile)(process.execPath, [...flags, file], {
    timeout: 30_000,
  });
  return { output: JSON.parse(stdout), stderr };
}

const multiply = `
  const { threads, notes } = await useBackend("wasm", { threads: 2 });
  const [x, w] = [tf.ones([100, 784]), tf.ones([784, 400])];
  const y = await tf.matMul(x, w).data();
  console.log(JSON.stringify({ threads, notes, y: y[39999] }));
`;

test("a process with threads ends by itself and silently", async () => {
  const { output, stderr } = await run(multiply);
  expect(output).toEqual({ threads: 2, notes: [], y: 784 });
  expect(stderr).toBe("");
});

test("processes may start at the same time", async () => {
  const both = await Promise.all([run(multiply), run(multiply), run(multiply)]);
  expect(both.map(({ output }) => output)).toEqual(both.map(() => ({ threads: 2, notes: [], y: 784 })));
});

test("without permission for workers it computes with one thread, and says why", async () => {
  const permission = process.allowedNodeEnvironmentFlags.has("--permission");
  const flags = [permission ? "--permission" : "--experimental-permission", "--allow-fs-read=*"];
  const { output } = await run(multiply, flags);
  expect(output).toEqual({
    threads: 1,
    notes: [expect.stringMatching(/^one thread instead of 2: .*restricted/)],
    y: 784,
  });
});

test("errors are still reported as Node reports them", async () => {
  const failing = `${multiply}\nsetTimeout(() => { throw new TypeError("thrown later"); });`;
  const { stderr, code } = await run(failing).catch((error) => error);
  expect(code).toBe(1);
  expect(stderr).toContain("TypeError: thrown later");
  expect(stderr).not.toContain("wasm");
});

test.each([
  ["throws", `throw new Error("broken")`, /broken/],
  ["ends", `process.exit(3)`, /ended with code 3/],
])("a worker that %s is an error of the start", async (_, script, message) => {
  const pool = new ThreadPool(script, 1);
  for (let i = 0; i < 8; i++) {
    const worker = new pool.Worker() as { on(event: string, listener: () => void): void };
    worker.on("error", () => {
      throw new Error("the glue's listener must not be called");
    });
  }
  await expect(pool.guard(new Promise(() => {}))).rejects.toThrow(message);
});
