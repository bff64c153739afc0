import { type LoadContext, resolveDataDirs } from "../../data/index.ts";
import { dataProgressBar } from "../../reporting/dataProgress.ts";

/** Runs `work` with progress on stderr, and stops it when the user presses Ctrl-C. */
export async function withProgress<T>(work: (context: LoadContext) => Promise<T>): Promise<T> {
  const progress = dataProgressBar(process.stderr);
  const interrupt = new AbortController();
  const onInterrupt = () => interrupt.abort();
  process.once("SIGINT", onInterrupt);
  try {
    const { onProgress } = progress;
    return await work({ dataDirs: resolveDataDirs(), onProgress, signal: interrupt.signal });
  } finally {
    process.off("SIGINT", onInterrupt);
    progress.stop();
  }
}
