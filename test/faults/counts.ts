import { TestRunner } from "vitest";

declare module "vitest" {
  interface TaskMeta {
    /** What was done to the program, and in how many cases something was lost. */
    faults?: Record<string, { done: number; lost: number }>;
  }
}

/**
 * How many of something to do: `small` in CI, `large` where `VAE_FAULTS` is `long`, and any other number where `VAE_FAULTS`, or
 * `VAE_FAULTS_SIGNALS` for the name "signals", says it.
 */
export function count(name: string, small: number, large: number): number {
  const own = process.env[`VAE_FAULTS_${name.toUpperCase().replaceAll(/\W+/g, "_")}`];
  const given = own ?? process.env["VAE_FAULTS"];
  if (given === undefined || given === "") return small;
  return given === "long" ? large : Number(given);
}

/** Says in the closing line of all tests how many of something this test did, and how many of those were lost. */
export function tally(name: string, done: number, lost = 0): void {
  const { meta } = TestRunner.getCurrentTest()!;
  meta.faults ??= {};
  const before = meta.faults[name] ?? { done: 0, lost: 0 };
  meta.faults[name] = { done: before.done + done, lost: before.lost + lost };
}
