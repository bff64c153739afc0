import { vi } from "vitest";
import { main } from "../../src/cli.ts";
import type { Finished } from "./vae.ts";

/** A command line in this process: its exit code and what it printed. */
export async function inProcess(...args: readonly string[]): Promise<Finished> {
  const texts = { stdout: "", stderr: "" };
  const spies = (["stdout", "stderr"] as const).map((name) =>
    vi.spyOn(process[name], "write").mockImplementation(((text: string, done?: () => void) => {
      texts[name] += text;
      done?.();
      return true;
    }) as typeof process.stdout.write),
  );
  try {
    return { code: await main(args), ...texts };
  } finally {
    for (const spy of spies) spy.mockRestore();
  }
}
