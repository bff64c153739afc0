import type { LoadContext } from "../data/source.ts";
import { note } from "./shared.ts";
import { interruptible } from "./signals.ts";

type Context = Pick<LoadContext, "onProgress" | "warn"> & { readonly signal: AbortSignal };

/**
 * Reads data with its progress on stderr; nothing there when it was quick, or is to be quiet. Warnings are always told. A
 * signal stops it, with what is downloaded so far.
 */
export function withDataProgress<T>(
  read: (context: Context) => Promise<T>,
  { quiet = false }: { quiet?: boolean | undefined } = {},
): Promise<T> {
  return interruptible(async (signal) => {
    const { stopIfAborted } = await import("../data/source.ts");
    const { dataProgressBar } = await import("../reporting/dataProgress.ts");
    const bar = quiet ? { onProgress: () => {}, stop: () => {} } : dataProgressBar(process.stderr);
    try {
      const data = await read({ onProgress: bar.onProgress, warn: note, signal });
      stopIfAborted({ signal }); // where all of it was there already, and nobody asked
      return data;
    } finally {
      bar.stop();
    }
  });
}
