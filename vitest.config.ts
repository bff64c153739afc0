import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    // CI counts the tests from a report; people read the default one.
    reporters: process.env["VITEST_JSON"] ? ["default", "json"] : ["default"],
    ...(process.env["VITEST_JSON"] ? { outputFile: { json: process.env["VITEST_JSON"] } } : {}),
    include: ["test/**/*.test.ts"],
    // Each file in a process of its own: a TensorFlow.js backend is global state, and its threads end with the process.
    pool: "forks",
    maxWorkers: 2,
    testTimeout: 90_000,
    hookTimeout: 90_000,
  },
});
