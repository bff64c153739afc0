import { relative } from "node:path";
import type { Reporter, TestCase, TestModule } from "vitest/node";

/** Ends a run with the tests that were skipped: how many, why, and which. */
export class SkippedTests implements Reporter {
  onTestRunEnd(modules: readonly TestModule[]): void {
    const skipped = modules.flatMap((module) => [...module.children.allTests("skipped")]);
    for (const [reason, tests] of groups(skipped, reasonOf)) {
      process.stdout.write(`\n${tests.length} skipped: ${reason}\n`);
      const files = groups(tests, ({ module }) => relative(process.cwd(), module.moduleId));
      for (const [file, found] of files)
        process.stdout.write(`  ${file}: ${found.map(({ fullName }) => fullName).join("; ")}\n`);
    }
  }
}

/** What `context.skip` was told of the test, or `describeUnless` of a suite around it; else what another of its file was. */
function reasonOf(test: TestCase): string {
  for (let at: TestCase | TestCase["parent"] = test; at.type !== "module"; at = at.parent) {
    const { missing } = at.meta();
    if (missing !== undefined) return missing;
  }
  const noted = [test, ...test.module.children.allTests("skipped")].map(noteOf);
  return noted.find((note) => note !== undefined) ?? "no reason was given";
}

function noteOf(test: TestCase): string | undefined {
  const result = test.result();
  return result.state === "skipped" ? result.note : undefined;
}

function groups(tests: readonly TestCase[], keyOf: (test: TestCase) => string): Map<string, TestCase[]> {
  const found = new Map<string, TestCase[]>();
  for (const test of tests) found.set(keyOf(test), [...(found.get(keyOf(test)) ?? []), test]);
  return found;
}
