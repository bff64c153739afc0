import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { writeFileAtomic } from "../base/atomicFile.ts";
import { VaeError } from "../base/errors.ts";
import { fileError } from "../base/fileErrors.ts";

/** Fails where a folder has something in it already, or is none. */
export async function refuseIfTaken(folder: string): Promise<void> {
  const names = await readdir(folder).catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT") return [];
    throw fileError(`Cannot write into ${folder}`, error);
  });
  if (names.length === 0) return;
  throw new VaeError(
    "failure",
    `${folder} is there already and holds ${names.slice(0, 3).join(", ")}${names.length > 3 ? ", …" : ""}, so it is not touched. Give another --export.`,
  );
}

/** Writes the files of a page into a folder; returns their paths, the page itself first. */
export async function exportSite(files: ReadonlyMap<string, string>, folder: string): Promise<string[]> {
  for (const [name, content] of files) await writeFileAtomic(join(folder, name), content);
  return [...files.keys()].map((name) => join(folder, name));
}
