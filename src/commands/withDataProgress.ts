import type { OnDataProgress } from "../data/dataset.ts";

/** Reads data with its progress on stderr; nothing there when it was quick, or is to be quiet. */
export async function withDataProgress<T>(
  read: (context: { onProgress: OnDataProgress }) => Promise<T>,
  { quiet = false }: { quiet?: boolean | undefined } = {},
): Promise<T> {
  if (quiet) return read({ onProgress: () => {} });
  const { dataProgressBar } = await import("../reporting/dataProgress.ts");
  const bar = dataProgressBar(process.stderr);
  try {
    return await read({ onProgress: bar.onProgress });
  } finally {
    bar.stop();
  }
}
