import { setImmediate as nextTurn } from "node:timers/promises";
import { VaeError } from "./errors.ts";

/** Long work of our own is deaf for no longer. */
const DEAF_MS = 50;

/**
 * For the inside of long work: what it returns is awaited between any two pieces of it, now and then lets the event loop
 * turn, so that signals and timers are heard, and ends the work with the sentence `interrupted` once `signal` says so. Most
 * calls cost a look at the clock.
 */
export function turns(signal: AbortSignal | undefined, interrupted: string): () => Promise<void> {
  let last = performance.now();
  return async () => {
    if (performance.now() - last > DEAF_MS) {
      await nextTurn();
      last = performance.now();
    }
    if (signal?.aborted) throw new VaeError("interrupted", interrupted);
  };
}
