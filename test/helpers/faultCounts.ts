import type { Reporter, TestModule } from "vitest/node";
import type {} from "../faults/counts.ts"; // what a test says

/** Ends a run with what was done to the program in `test/faults`, in one line. */
export class FaultCounts implements Reporter {
  onTestRunEnd(modules: readonly TestModule[]): void {
    const done = new Map<string, number>();
    let lost = 0;
    for (const module of modules) {
      for (const test of module.children.allTests()) {
        for (const [name, counts] of Object.entries(test.meta().faults ?? {})) {
          done.set(name, (done.get(name) ?? 0) + counts.done);
          lost += counts.lost;
        }
      }
    }
    if (done.size === 0) return;
    const parts = [...done].map(([name, n]) => `${n.toLocaleString("en")} ${name}`);
    process.stdout.write(`\nfaults: ${parts.join(", ")}: ${lost.toLocaleString("en")} lost\n`);
  }
}
