import { startEngine } from "./engineProcess.js";
import { nameOf, workerCommand } from "./engines.js";
import { startUpOf } from "./startUp.js";

/**
 * Measures some engines on one row, in turns. Returns `[{ variant, rounds, peakMiB }]`, a round being the milliseconds
 * of each step in one turn. An engine that fails is told to `failed` and left out.
 */
export async function measureRow(row, variants, { rounds, seconds, failed, note, ...job }) {
  note(`${row.task}, ${row.model}, batch ${row.batch}: ${variants.map(nameOf).join(", ")}`);
  const running = [];
  try {
    for (const variant of variants) {
      try {
        const engine =
          row.task === "start-up"
            ? startUpOf(variant, { ...row, ...job })
            : await startEngine(workerCommand(variant, { ...row, ...job }));
        running.push({ variant, engine, rounds: [] });
      } catch (error) {
        failed(variant, error.message);
      }
    }
    for (let round = 0; round < rounds; round++) {
      for (const entry of [...running]) {
        try {
          entry.rounds.push(await entry.engine.work(1000 * seconds));
        } catch (error) {
          failed(entry.variant, error.message);
          running.splice(running.indexOf(entry), 1);
        }
      }
    }
    return running.map(({ variant, engine, rounds }) => ({ variant, rounds, peakMiB: engine.peakMemory() }));
  } finally {
    for (const { engine } of running) await engine.stop();
  }
}
