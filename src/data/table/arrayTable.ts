import { VaeError } from "../../base/errors.ts";
import { openArrayFile } from "../arrayFile.ts";
import type { NumberArray } from "../npy.ts";
import type { RawColumn, Table } from "./table.ts";

/** A table of the arrays x [N, F] and y [N] of a `.npz` file: columns x1 … xF and y; or of a `.npy` file with one array [N, F]. */
export async function arrayTable(path: string): Promise<Table> {
  const file = await openArrayFile(path, "dataset.path");
  const { names } = file;
  if (names.length === 1 && names[0] === "") return tableOf(file, [["x", file.array("")]]);
  for (const name of ["x", "y"]) {
    if (names.includes(name)) continue;
    const workbook = names.includes("[Content_Types].xml")
      ? "it is a workbook of a spreadsheet: save its sheet as CSV."
      : `it holds ${names.slice(0, 5).join(", ")}. Accepted: arrays x [N, F] and y [N].`;
    throw new VaeError("failure", `${path} has no array ${name}: ${workbook}`);
  }
  return tableOf(file, [
    ["x", file.array("x")],
    ["y", file.array("y")],
  ]);
}

function tableOf(
  { path, sha256 }: { path: string; sha256: string },
  arrays: readonly (readonly [name: string, array: NumberArray])[],
): Table {
  const count = arrays[0]![1].dims[0] ?? 0;
  const columns: RawColumn[] = [];
  for (const [name, array] of arrays) {
    const { dims, values } = array;
    const F = dims.length === 1 ? 1 : dims[1]!;
    const isY = name === "y";
    if (dims.length === 0 || dims.length > 2 || dims[0] !== count || F === 0 || (isY && F !== 1)) {
      const accepted = isY ? `[N] or [N, 1], with the N of x, ${count}` : "[N, F], N rows of F features";
      throw new VaeError(
        "failure",
        `${array.name}: an array of ${dims.join("x") || "no dimensions"}. Accepted: ${accepted}.`,
      );
    }
    for (let f = 0; f < F; f++) {
      const cells = Float64Array.from({ length: count }, (_, row) => values[row * F + f]!);
      columns.push({ name: isY ? name : `${name}${f + 1}`, number: columns.length + 1, cells });
    }
  }
  return { path, sha256, count, columns, placeOf: (row) => `row ${row} (from 0)` };
}
