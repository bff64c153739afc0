import { formatBytes } from "../../base/bytes.ts";
import { VaeError } from "../../base/errors.ts";
import { mirrorsAt } from "../../data/describedFiles.ts";
import { withoutPassword } from "../../data/fetch.ts";
import { type DatasetName, datasetName, datasets, resolveDataDirs } from "../../data/index.ts";
import type { InventoryFile } from "../../data/source.ts";
import { result } from "../shared.ts";
import { withDataProgress } from "../withDataProgress.ts";
import { table } from "./table.ts";

export interface FetchOptions {
  force?: boolean;
  mirror?: string;
  dryRun?: true;
  json?: true;
}

/** Brings datasets onto this machine, or checks those that are here. */
export async function fetch(
  given: readonly string[],
  { force = false, mirror, dryRun, json }: FetchOptions,
): Promise<void> {
  const names = given.map(datasetName);
  if (dryRun) return tellPlan(names, { force, mirror, json });
  const files = await withDataProgress(async (progress) => {
    const context = { dataDirs: resolveDataDirs(), mirror, ...progress };
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

interface Plan extends InventoryFile {
  readonly dataset: DatasetName;
  readonly licence: string;
  /** The addresses, in the order in which they are tried; none for what is here or drawn. */
  readonly from: readonly string[];
}

/** What would be fetched from where, without asking anybody. */
async function tellPlan(
  names: readonly DatasetName[],
  { force = false, mirror, json }: FetchOptions,
): Promise<void> {
  const plans: Plan[] = [];
  for (const dataset of names) {
    const { files, mirrors = [], licence } = await datasets[dataset].inventory(resolveDataDirs());
    if (files.length === 0) {
      throw new VaeError("usage", `${dataset} reads your own files: there is nothing to fetch.`);
    }
    const from = mirror === undefined ? mirrors : mirrorsAt(mirror, dataset);
    for (const { name, bytes, path } of files) {
      const isHere = path !== undefined && (!force || from.length === 0);
      const urls = isHere ? [] : from.map((folder) => withoutPassword(new URL(name, folder)));
      plans.push({ dataset, name, bytes, licence, ...(isHere && { path }), from: urls });
    }
  }
  if (json) return result(JSON.stringify({ files: plans }));
  const size = ({ bytes, from }: Plan) =>
    bytes !== undefined ? formatBytes(bytes) : from.length > 0 ? "not known" : "";
  const missing = plans.filter(({ path }) => path === undefined);
  const total = missing.reduce((sum, { bytes = 0 }) => sum + bytes, 0);
  const rows = plans.map((plan) => [
    plan.dataset,
    plan.name,
    size(plan),
    plan.path !== undefined ? `here: ${plan.path}` : (plan.from[0] ?? "drawn by this program"),
  ]);
  const others = new Set(missing.flatMap(({ from }) => from.slice(1).map((url) => new URL(".", url).href)));
  result(
    [
      table([["DATASET", "FILE", "SIZE", "FROM"], ...rows]),
      ...(others.size > 0 ? [`If that fails, from ${[...others].join(", ")}`] : []),
      `To fetch: ${formatBytes(total)}${missing.some((plan) => size(plan) === "not known") ? " and more" : ""}. Nothing was fetched.`,
    ].join("\n"),
  );
}
