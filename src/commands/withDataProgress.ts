import type { OnDataProgress } from "../data/dataset.ts";
import { dataProgressBar } from "../reporting/dataProgress.ts";

/** Reads data with its progress on stderr, and nothing there when it was quick. */
export async function withDataProgress<T>(
  read: (context: { onProgress: OnDataProgress }) => Promise<T>,
): Promise<T> {
  const bar = dataProgressBar(process.stderr);
  try {
    return await read({ onProgress: bar.onProgress });
  } finally {
    bar.stop();
  }
}
