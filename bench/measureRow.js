import { OutOfTime, startEngine } from "./engineProcess.js";
import { workerCommand } from "./engines.js";
import { startUpOf } from "./startUp.js";
import { wholeRunOf } from "./wholeRun.js";

/** The part of a row's time that engines may take to start, so that one which hangs leaves some to the others. */
const START = 0.6;

function startWorker(variant, { deadline, ...job }) {
  const now = performance.now();
  return startEngine(workerCommand(variant, job), { deadline, readyBy: now + START * (deadline - now) });
}

/** How an engine is made ready for each task. */
const start = { step: startWorker, elbo: startWorker, "start-up": startUpOf, whole: wholeRunOf };

/**
 * Measures some engines on one row, in turns. Returns `[{ variant, rounds, peakMiB }]` for each of `job.intervals`, the
 * steps between two reads of the loss; a round is the milliseconds of a step in one turn, once for each read. `started`
 * is told what an engine runs on; one that fails is told to `failed` and left out. At `job.deadline` (in the time of
 * `performance.now()`) what is still at work is ended, and no other turn begins.
 */
export async function measureRow(row, variants, { job, rounds, seconds, atOnce, started, failed }) {
  const withoutIt = async (entry, error) => {
    entry.alive = false;
    await entry.engine?.stop();
    failed(entry.variant, error.message, error instanceof OutOfTime);
  };
  const entries = variants.map((variant) => ({
    variant,
    alive: true,
    intervals: job.intervals.filter((interval) => interval === 1 || !variant.readsEachStep),
    rounds: new Map(job.intervals.map((interval) => [interval, []])),
  }));
  const makeReady = async (entry) => {
    try {
      entry.engine = await start[row.task](entry.variant, { ...row, ...job, intervals: entry.intervals });
      started(entry.variant, entry.engine.description);
    } catch (error) {
      await withoutIt(entry, error);
    }
  };
  const turn = async (entry) => {
    try {
      for (const interval of entry.intervals) {
        entry.rounds.get(interval).push(await entry.engine.work(1000 * seconds, interval));
      }
    } catch (error) {
      // A turn that the budget ends takes nothing from those before it.
      if (!(error instanceof OutOfTime) || entry.rounds.get(1).length === 0) await withoutIt(entry, error);
    }
  };
  const running = () => entries.filter(({ alive }) => alive);
  try {
    if (atOnce) await Promise.all(entries.map(makeReady));
    else for (const entry of entries) await makeReady(entry);
    for (let round = 0; round < rounds; round++) {
      for (const entry of running()) {
        if (round === 0 || performance.now() < job.deadline) await turn(entry);
      }
    }
    return job.intervals.map((interval) => {
      const measured = running().filter(({ rounds }) => rounds.get(interval).length > 0);
      const common = Math.min(...measured.map(({ rounds }) => rounds.get(interval).length));
      return measured.map(({ variant, rounds, engine }) => ({
        variant,
        rounds: rounds.get(interval).slice(0, common),
        peakMiB: engine.peakMemory(),
      }));
    });
  } finally {
    for (const { engine } of entries) await engine?.stop();
  }
}
