import { formatBytes } from "../../base/bytes.ts";
import { datasetName, datasets, resolveDataDirs } from "../../data/index.ts";
import { result } from "../shared.ts";
import { withDataProgress } from "../withDataProgress.ts";
import { table } from "./table.ts";

/** Brings datasets onto this machine, or checks those that are here. */
export async function fetch(
  given: readonly string[],
  { force = false, json }: { force?: boolean; json?: true },
): Promise<void> {
  const names = given.map(datasetName);
  const files = await withDataProgress(async (progress) => {
    const context = { dataDirs: resolveDataDirs(), ...progress };
    const fetched = [];
    for (const dataset of names) {
      const files = await datasets[dataset].fetch(context, { force });
      fetched.push(...files.map((file) => ({ dataset, ...file })));
    }
    return fetched;
  });
  const rows = files.map(({ dataset, status, bytes, path }) => [dataset, status, formatBytes(bytes), path]);
  result(json ? JSON.stringify({ files }) : table(rows));
}
