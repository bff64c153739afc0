import { formatBytes, memoryLimit } from "../base/bytes.ts";
import { VaeError } from "../base/errors.ts";
import { sha256 } from "./cache.ts";
import { type ArrayLayout, examplesFirst, isMat, matEntries } from "./mat.ts";
import {
  contents,
  isNpy,
  MAX_HEADER_BYTES,
  type NumberArray,
  npyHeader,
  parseNpy,
  sizeOf,
  transposed,
} from "./npy.ts";
import { classColumnOf, isNumberText, namesOfText, parseNumberText } from "./numberText.ts";
import { MAX_FILE_BYTES, readInput } from "./readInput.ts";
import { isZip, startOf, unpack, type ZipEntry, zipEntries } from "./zip.ts";

/** A `.npy` or `.npz` file of numpy, a MAT-file of MATLAB, or text of numbers. Its arrays are decompressed when they are asked for. */
export interface ArrayFile {
  readonly path: string;
  readonly sha256: string;
  /** The names of its arrays; the one of a `.npy` file has none, "". */
  readonly names: readonly string[];
  /** The array of this name, which must be there. */
  array(name: string): NumberArray;
}

/** Opens a file, which is told by its first bytes; `setting` is what names it. */
export async function openArrayFile(path: string, setting: string, layout?: ArrayLayout): Promise<ArrayFile> {
  const bytes = await readInput(path, `${setting} is ${path}, which cannot be read`, { code: "usage" });
  const hash = sha256(bytes);
  if (isNpy(bytes)) {
    return { path, sha256: hash, names: [""], array: () => fromNumpy(parseNpy(bytes, path), layout) };
  }
  const file = { path, sha256: hash };
  if (isMat(bytes)) return { ...file, ...matArrays(bytes, path, layout) };
  if (isNumberText(bytes)) return { ...file, ...textArrays(bytes, path, layout) };
  if (!isZip(bytes)) {
    const told = bytes.toString("latin1", 1, 4) === "HDF" ? "an HDF5 file" : "";
    throw new VaeError(
      "failure",
      `${path}: ${told && `${told}, `}neither a .npy, .npz nor .mat file nor text of numbers, by its first bytes. Accepted: what numpy.save, ` +
        "savez and savez_compressed write, MATLAB's save with -v7 or -v6, or a row of numbers a line.",
    );
  }
  const entries = new Map(
    zipEntries(bytes, path).map((entry) => [entry.name.replace(/\.npy$/, ""), entry] as const),
  );
  if (entries.size === 0) throw new VaeError("failure", `${path}: holds no arrays.`);
  return {
    path,
    sha256: hash,
    names: [...entries.keys()],
    array: (name) => fromNumpy(read(path, name, entries.get(name)!), layout),
  };
}

/** Arrays by their names, wherever they are from. */
export type Arrays = Pick<ArrayFile, "names" | "array">;

function matArrays(bytes: Buffer, path: string, layout: ArrayLayout = {}): Arrays {
  const entries = new Map(matEntries(bytes, path).map((entry) => [entry.name, entry] as const));
  if (entries.size === 0) throw new VaeError("failure", `${path}: holds no arrays.`);
  return {
    names: [...entries.keys()],
    array: (name) => examplesFirst(entries.get(name)!.read(), layout),
  };
}

/** Images of numpy come first; where it seems that they are last, it is asked for. */
function fromNumpy(array: NumberArray, layout?: ArrayLayout): NumberArray {
  const { name, dims, values } = array;
  if (!layout || dims.length < 2 || (dims.length === 2 && dims.includes(1))) return array;
  const [a, b, c] = dims as [number, number, number?];
  if (layout.examples === undefined && dims.length === 3 && a === b && a !== c && a >= 8 && c! >= 8) {
    throw new VaeError(
      "usage",
      `${name}: an array of ${dims.join("x")}, which may be ${a} images of ${b}x${c}, or ${c} images of ${a}x${b}. ` +
        "Set dataset.examples: first, or last.",
    );
  }
  if (layout.examples !== "last") return array;
  const axes = [dims.length - 1, ...dims.slice(1).keys()];
  return { ...array, dims: axes.map((axis) => dims[axis]!), values: transposed(values, dims, axes) };
}

/** One array without a name; with a number more on a line than an image has pixels, images x and their classes y. */
function textArrays(bytes: Buffer, path: string, layout: ArrayLayout = {}): Arrays {
  const all = parseNumberText(bytes, path);
  const [count, D] = all.dims as [number, number];
  const { shape } = layout;
  if (!shape || D !== sizeOf(shape) + 1) return { names: [""], array: () => all };
  const column = (layout.classColumn ?? classColumnOf(all, namesOfText(bytes))) === "first" ? 0 : D - 1;
  const columns = (name: string, isOf: (column: number) => boolean) => ({
    ...all,
    name: `${path}, ${name}`,
    dims: [count, name === "x" ? D - 1 : 1],
    values: all.values.filter((_, i) => isOf(i % D)),
  });
  return {
    names: ["x", "y"],
    array: (name) => columns(name, (i) => (name === "x" ? i !== column : i === column)),
  };
}

function read(path: string, array: string, entry: ZipEntry): NumberArray {
  const name = `${path}, array ${array}`;
  const header = npyHeader(startOf(entry, MAX_HEADER_BYTES, name), name);
  const fail = (problem: string) =>
    new VaeError("failure", `${name}: the header tells of ${contents(header)}, ${problem}`);
  if (header.totalBytes !== entry.bytes) {
    throw fail(`${header.totalBytes} bytes with itself, but the file in the archive has ${entry.bytes}.`);
  }
  if (entry.bytes > MAX_FILE_BYTES || 2 * entry.bytes > memoryLimit()) {
    const accepted = formatBytes(Math.min(MAX_FILE_BYTES, memoryLimit() / 2));
    throw fail(`which are ${formatBytes(entry.bytes)}. Accepted here: up to ${accepted}; save it in parts.`);
  }
  return parseNpy(unpack(entry, name), name);
}

/**
 * The array that a setting names, or else the first of `names` that is there; of a file with one array, that one where
 * `isOnly` says so. Undefined where there is none.
 */
export function pick(
  file: ArrayFile,
  { setting, wanted, names, isOnly = false }: Choice,
): NumberArray | undefined {
  if (wanted !== undefined) {
    if (file.names.includes(wanted)) return file.array(wanted);
    throw new VaeError("usage", `${setting} is ${wanted}, but ${file.path} has ${listed(file)}.`);
  }
  const named = (name: string) => file.names.find((own) => own.toLowerCase() === name);
  const found =
    names.map(named).find((own) => own !== undefined) ??
    (isOnly && file.names.length === 1 ? file.names[0] : undefined);
  return found === undefined ? undefined : file.array(found);
}

interface Choice {
  /** The setting's name, such as `dataset.x`. */
  readonly setting: string;
  readonly wanted?: string | undefined;
  readonly names: readonly string[];
  readonly isOnly?: boolean;
}

/** The same of an array that must be there. */
export function pickNeeded(file: ArrayFile, choice: Choice): NumberArray {
  const array = pick(file, choice);
  if (array) return array;
  throw new VaeError(
    "usage",
    `${file.path} has ${listed(file)}, none of which is ${choice.names.join(" or ")}. ` +
      `Name the one that it is: ${choice.setting}.`,
  );
}

const listed = ({ names }: ArrayFile) => {
  const some = names.slice(0, 20).map((name) => name || "one array without a name");
  const rest = names.length - some.length;
  return `${names.length === 1 && names[0] !== "" ? "the array" : names.length === 1 ? "" : "the arrays"} ${some.join(", ")}${rest > 0 ? ` and ${rest} more` : ""}`.trim();
};
