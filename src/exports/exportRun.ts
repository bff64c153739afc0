import { join } from "node:path";
import { writeFileAtomic } from "../base/atomicFile.ts";
import type { OpenedRun } from "../runs/experiment.ts";
import { type ExportFormatName, exportFormats } from "./index.ts";
import { modelCard } from "./modelCard.ts";
import { subjectOf } from "./subject.ts";

/** Writes a run's model in a format, and a card beside it, into a folder. Returns the files, and what is left out. */
export async function exportRun(
  run: OpenedRun,
  format: ExportFormatName,
  folder: string,
): Promise<{ readonly files: readonly string[]; readonly notes: readonly string[] }> {
  const subject = subjectOf(run);
  const written = await exportFormats[format].write(subject);
  const files = [...written.files, ["README.md", modelCard(subject, written)] as const];
  for (const [name, content] of files) await writeFileAtomic(join(folder, name), content);
  return { files: files.map(([name]) => join(folder, name)), notes: written.notes };
}
