import { type LoadContext, resolveDataDirs } from "../../data/index.ts";
import { withDataProgress } from "../withDataProgress.ts";

/** Runs `work` with progress on stderr, and stops it when the user presses Ctrl-C. */
export async function withProgress<T>(work: (context: LoadContext) => Promise<T>): Promise<T> {
  const interrupt = new AbortController();
  const onInterrupt = () => interrupt.abort();
  process.once("SIGINT", onInterrupt);
  try {
    return await withDataProgress((context) =>
      work({ ...context, dataDirs: resolveDataDirs(), signal: interrupt.signal }),
    );
  } finally {
    process.off("SIGINT", onInterrupt);
  }
}
