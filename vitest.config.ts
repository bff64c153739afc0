import { join, relative } from "node:path";
import { pathToFileURL } from "node:url";
import { defineConfig, type Plugin } from "vitest/config";
import { FaultCounts } from "./test/helpers/faultCounts.ts";
import { SkippedTests } from "./test/helpers/skippedTests.ts";

const root = import.meta.dirname;

/**
 * Threads and other processes are started from a module's own address, and Node runs the built modules only: a source
 * file has the address of what is built of it, which `test/helpers/build.ts` keeps up to date.
 */
const addressOfBuild: Plugin = {
  name: "address-of-build",
  enforce: "pre",
  transform(code, id) {
    const file = relative(join(root, "src"), id);
    if (file.startsWith("..") || !file.endsWith(".ts")) return undefined;
    const built = join(root, "dist", file.replace(/ts$/, "js"));
    return { code: code.replaceAll("import.meta.url", JSON.stringify(pathToFileURL(built).href)), map: null };
  },
};

export default defineConfig({
  plugins: [addressOfBuild],
  test: {
    // CI counts the tests from a report; people read the others.
    reporters: [
      "default",
      ...(process.env["VITEST_JSON"] ? ["json"] : []),
      new SkippedTests(),
      new FaultCounts(),
    ],
    ...(process.env["VITEST_JSON"] ? { outputFile: { json: process.env["VITEST_JSON"] } } : {}),
    include: ["test/**/*.test.ts"],
    globalSetup: "test/helpers/build.ts",
    // Each file in a process of its own: a TensorFlow.js backend is global state, and its threads end with the process.
    pool: "forks",
    maxWorkers: 2,
    testTimeout: 90_000,
    hookTimeout: 90_000,
  },
});
