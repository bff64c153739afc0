import type { LoadContext } from "../data/source.ts";
import { note } from "./shared.ts";

type Context = Pick<LoadContext, "onProgress" | "warn">;

/** Reads data with its progress on stderr; nothing there when it was quick, or is to be quiet. Warnings are always told. */
export async function withDataProgress<T>(
  read: (context: Context) => Promise<T>,
  { quiet = false }: { quiet?: boolean | undefined } = {},
): Promise<T> {
  if (quiet) return read({ onProgress: () => {}, warn: note });
  const { dataProgressBar } = await import("../reporting/dataProgress.ts");
  const bar = dataProgressBar(process.stderr);
  try {
    return await read({ onProgress: bar.onProgress, warn: note });
  } finally {
    bar.stop();
  }
}
