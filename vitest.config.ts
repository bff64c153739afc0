import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    include: ["test/**/*.test.ts"],
    // Each file in a process of its own: a TensorFlow.js backend is global state, and its threads end with the process.
    pool: "forks",
    maxWorkers: 2,
    testTimeout: 60_000,
  },
});
