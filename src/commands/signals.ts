/** Ctrl-C, what a system that shuts down or a batch queue sends, and a terminal that closes. */
const SIGNALS = ["SIGINT", "SIGTERM", "SIGHUP"] as const;

/** How the shell knows that a program was interrupted, whichever signal did it. */
const INTERRUPTED = 130;

/** Of the work under way that has something to save. */
let underWay: AbortController | undefined;

/**
 * From now on a signal ends the process, in a sentence: what has nothing to save needs no care. Called before the rest
 * of the program is loaded.
 */
export function listenToSignals(): void {
  for (const name of SIGNALS) process.on(name, onSignal);
  process.on("disconnect", onSignal); // whoever started this process to watch over it is gone
}

function onSignal(): void {
  if (!underWay) leave("Interrupted; nothing was written. The same command starts anew.");
  if (underWay.signal.aborted) leave("Interrupted a second time. What was saved before is whole.");
  underWay.abort();
}

function leave(text: string): never {
  process.stderr.on("error", () => {}); // nobody may be there to read it
  process.on("exit", () => process.stderr.write(`${text}\n`)); // below what is drawn until then
  process.exit(INTERRUPTED);
}

/**
 * Work that has something to save: while it runs, the first signal aborts its `AbortSignal` and the second one ends the
 * process.
 */
export async function interruptible<T>(work: (signal: AbortSignal) => Promise<T>): Promise<T> {
  underWay = new AbortController();
  try {
    return await work(underWay.signal);
  } finally {
    underWay = undefined;
  }
}
