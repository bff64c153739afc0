import type { WrongOperation } from "../diagnostics/checkOperations.ts";
import type { Diagnosis } from "../diagnostics/examine.ts";
import { formatCount } from "./format.ts";
import { markdownTable } from "./markdownTable.ts";

/** The backends as a Markdown table that also reads well in a terminal, and below it why the others do not work. */
export function doctorTable(diagnoses: readonly Diagnosis[]): string {
  const rows = diagnoses.flatMap((d) =>
    d.available
      ? [
          [
            d.backend,
            d.device,
            String(d.threads),
            d.version,
            d.wrong.length === 0 ? `${d.operations} right` : `${d.wrong.length} of ${d.operations} wrong`,
            d.msPerStep.toFixed(1),
            formatCount(d.imagesPerSecond),
          ],
        ]
      : [],
  );
  const head = ["backend", "device", "threads", "version", "operations", "ms/step", "images/s"];
  const table = markdownTable(head, rows, head.length);
  const notes = diagnoses.flatMap((d) =>
    d.available
      ? [
          ...d.notes.map((text) => `${d.backend}: ${text}`),
          ...(d.wrong.length > 0 ? [`${d.backend} is wrong: ${listed(d.wrong)}`] : []),
        ]
      : [`${d.backend} does not work here: ${d.reason}`],
  );
  return [...(rows.length > 0 ? [table] : []), ...(notes.length > 0 ? ["", ...notes] : [])].join("\n");
}

/** Those with the same trouble together. */
function listed(wrong: readonly WrongOperation[]): string {
  const troubles = new Set(wrong.map(({ what }) => what));
  const operations = (trouble: string) =>
    wrong.filter(({ what }) => what === trouble).map(({ operation }) => operation);
  return [...troubles].map((trouble) => `${operations(trouble).join("; ")} (${trouble})`).join("; ");
}
