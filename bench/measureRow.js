import { startEngine } from "./engineProcess.js";
import { workerCommand } from "./engines.js";
import { startUpOf } from "./startUp.js";
import { wholeRunOf } from "./wholeRun.js";

const startWorker = (variant, job) => startEngine(workerCommand(variant, job));

/** How an engine is made ready for each task. */
const start = { step: startWorker, elbo: startWorker, "start-up": startUpOf, whole: wholeRunOf };

/**
 * Measures some engines on one row, in turns. Returns `[{ variant, rounds, peakMiB }]`, a round being the milliseconds
 * of each step in one turn. An engine that fails is told to `failed` and left out.
 */
export async function measureRow(row, variants, { job, rounds, seconds, failed }) {
  /** Goes on without the engines for which `act` fails. */
  const withEach = async (entries, act) => {
    const alive = [];
    for (const entry of entries) {
      try {
        await act(entry);
        alive.push(entry);
      } catch (error) {
        await entry.engine?.stop();
        failed(entry.variant, error.message);
      }
    }
    return alive;
  };
  const entries = variants.map((variant) => ({ variant, engine: undefined, rounds: [] }));
  try {
    let running = await withEach(entries, async (entry) => {
      entry.engine = await start[row.task](entry.variant, { ...row, ...job });
    });
    for (let round = 0; round < rounds; round++) {
      running = await withEach(running, async ({ engine, rounds }) => {
        rounds.push(await engine.work(1000 * seconds));
      });
    }
    return running.map(({ variant, rounds, engine }) => ({ variant, rounds, peakMiB: engine.peakMemory() }));
  } finally {
    for (const { engine } of entries) await engine?.stop();
  }
}
