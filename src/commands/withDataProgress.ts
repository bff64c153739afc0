import type { OnDataProgress } from "../data/dataset.ts";
import { interruptible } from "./signals.ts";

/**
 * Reads data with its progress on stderr; nothing there when it was quick, or is to be quiet. A signal stops it, with
 * what is downloaded so far.
 */
export function withDataProgress<T>(
  read: (context: { onProgress: OnDataProgress; signal: AbortSignal }) => Promise<T>,
  { quiet = false }: { quiet?: boolean | undefined } = {},
): Promise<T> {
  return interruptible(async (signal) => {
    if (quiet) return read({ onProgress: () => {}, signal });
    const { dataProgressBar } = await import("../reporting/dataProgress.ts");
    const bar = dataProgressBar(process.stderr);
    try {
      return await read({ onProgress: bar.onProgress, signal });
    } finally {
      bar.stop();
    }
  });
}
