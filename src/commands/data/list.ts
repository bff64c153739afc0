import { resolve } from "node:path";
import { formatBytes } from "../../base/bytes.ts";
import { datasetNames, datasets, resolveDataDirs } from "../../data/index.ts";
import { result } from "../shared.ts";
import { table } from "./table.ts";

/** The datasets, and which are on this machine. */
export async function list({ json }: { json?: true }): Promise<void> {
  const dirs = resolveDataDirs();
  const rows = await Promise.all(
    datasetNames.map(async (name) => {
      const { summary } = datasets[name];
      const { licence, downloadBytes, files, mirrors = [] } = await datasets[name].inventory(dirs);
      const paths = files.flatMap(({ path }) => path ?? []);
      return {
        name,
        summary,
        downloadBytes,
        licence,
        files: files.length,
        paths,
        isFetched: mirrors.length > 0,
      };
    }),
  );
  if (json) {
    result(JSON.stringify({ datasets: rows }));
    return;
  }
  const sizeOf = ({ downloadBytes, isFetched }: (typeof rows)[number]) =>
    downloadBytes > 0 ? formatBytes(downloadBytes) : isFetched ? "not known" : "none";
  const whereabouts = ({ name, files, paths, isFetched }: (typeof rows)[number]) => {
    if (files === 0) return "";
    if (paths.length === 0) return isFetched ? `vae data fetch ${name}` : "drawn on first use";
    const folders = [...new Set(paths.map((path) => resolve(path, "..")))].join(", ");
    return paths.length < files ? `${paths.length} of ${files} files in ${folders}` : folders;
  };
  result(
    table([
      ["NAME", "WHAT IT IS", "DOWNLOAD", "LICENCE", "ON THIS MACHINE"],
      ...rows.map((row) => [row.name, row.summary, sizeOf(row), row.licence, whereabouts(row)]),
    ]),
  );
}
