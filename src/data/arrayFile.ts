import { formatBytes, memoryLimit } from "../base/bytes.ts";
import { VaeError } from "../base/errors.ts";
import { sha256 } from "./cache.ts";
import { contents, isNpy, MAX_HEADER_BYTES, type NumberArray, npyHeader, parseNpy } from "./npy.ts";
import { MAX_FILE_BYTES, readInput } from "./readInput.ts";
import { isZip, startOf, unpack, type ZipEntry, zipEntries } from "./zip.ts";

/** A `.npy` or `.npz` file of numpy. Its arrays are decompressed when they are asked for. */
export interface ArrayFile {
  readonly path: string;
  readonly sha256: string;
  /** The names of its arrays; the one of a `.npy` file has none, "". */
  readonly names: readonly string[];
  /** The array of this name, which must be there. */
  array(name: string): NumberArray;
}

/** Opens a file, which is told by its first bytes; `setting` is what names it. */
export async function openArrayFile(path: string, setting: string): Promise<ArrayFile> {
  const bytes = await readInput(path, `${setting} is ${path}, which cannot be read`, { code: "usage" });
  const hash = sha256(bytes);
  if (isNpy(bytes)) {
    return { path, sha256: hash, names: [""], array: () => parseNpy(bytes, path) };
  }
  if (!isZip(bytes)) {
    throw new VaeError(
      "failure",
      `${path}: neither a .npy nor a .npz file, by its first bytes. Accepted: what numpy.save, savez and ` +
        "savez_compressed write.",
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
    array: (name) => read(path, name, entries.get(name)!),
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
  const found =
    names.find((name) => file.names.includes(name)) ??
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
