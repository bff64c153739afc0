import type { OnDataProgress } from "../data/dataset.ts";

/** Reads data with its progress on stderr, and nothing there when it was quick. */
export async function withDataProgress<T>(
  read: (context: { onProgress: OnDataProgress }) => Promise<T>,
): Promise<T> {
  const { dataProgressBar } = await import("../reporting/dataProgress.ts");
  const bar = dataProgressBar(process.stderr);
  try {
    return await read({ onProgress: bar.onProgress });
  } finally {
    bar.stop();
  }
}
