import { performance } from "node:perf_hooks";
import { expect, test } from "vitest";
import { findInstallation } from "../../src/backends/tensorflow/installation.ts";
import { describeUnless, tensorflowMissing } from "../helpers/missing.ts";
import { chance } from "./chance.ts";
import { command, lossesOf } from "./command.ts";
import { count, tally } from "./counts.ts";
import { goOn, hours, loss, tinyRuns } from "./tinyRun.ts";

const runs = tinyRuns();

/** Where it was not set up for tests, one that the user has set up will do. */
function whyNoTensorflow(): string | undefined {
  if (tensorflowMissing === undefined) return undefined;
  try {
    findInstallation();
    return undefined;
  } catch {
    return tensorflowMissing;
  }
}

const backends = { wasm: undefined, tensorflow: whyNoTensorflow() };

for (const [backend, missing] of Object.entries(backends)) {
  describeUnless(missing, `on ${backend}`, () => {
    test("kills at random moments", hours, async () => {
      const train = runs.train(backend);
      const undisturbed = runs.place();
      const before = performance.now();
      expect(await command(train, { cwd: undisturbed })).toMatchObject({ code: 0 });
      // Two at a time take longer; a run that is over before its moment tries another.
      const longest = 1.3 * (performance.now() - before);

      const { below } = chance(backend.length);
      const kills = Array.from({ length: count("kills", 2, 200) }, (_, i) => i);
      const lost = await lossesOf(kills, async () => {
        for (;;) {
          const cwd = runs.place();
          const killAfter = below(Math.ceil(longest));
          const { code } = await command(train, { cwd, killAfter });
          if (code !== null) continue;
          const lost = loss(await goOn(train, { cwd }), cwd, undisturbed);
          return lost && `killed after ${killAfter} ms of ${Math.round(longest)}: ${lost}`;
        }
      });
      tally("kills", kills.length, lost.length);
      expect(lost).toEqual([]);
    });
  });
}
