import type { chance } from "./chance.ts";

/** In each value that JSON can hold, what else could stand there. */
const ODD: readonly unknown[] = [null, -1, 0.5, 1e300, "x", "", [], {}, true, "F64", [1e9, 1e9]];

/** Damage by chance. */
export function mutations({ below, one }: ReturnType<typeof chance>) {
  /** Replaces or removes one value somewhere in it, in texts of JSON too. */
  function mutated(value: unknown): unknown {
    if (typeof value === "string" && value.startsWith("{")) return JSON.stringify(mutated(JSON.parse(value)));
    if (typeof value !== "object" || value === null || Object.keys(value).length === 0) return one(ODD);
    const key = one(Object.keys(value));
    const copy: Record<string, unknown> = { ...value };
    if (below(6) === 0) delete copy[key];
    else copy[key] = below(6) === 0 ? one(ODD) : mutated(copy[key]);
    return Array.isArray(value) ? Object.values(copy) : copy;
  }

  /** Where a piece begins and ends. */
  function around(length: number, piece: number): [number, number] {
    const from = below(length);
    return [from, Math.min(length, from + 1 + below(piece))];
  }

  /** A copy of bytes with some damage that a disk may do. */
  function damaged(bytes: Buffer): Buffer {
    const [from, to] = around(bytes.length, 512);
    const copy = Buffer.from(bytes);
    switch (below(5)) {
      case 0:
        copy[from]! ^= 1 << below(8);
        return copy;
      case 1:
        return copy.subarray(0, from);
      case 2:
        return copy.fill(0, from, to);
      case 3:
        return Buffer.concat([copy.subarray(0, from), copy.subarray(to)]);
      default:
        return Buffer.concat([copy, copy.subarray(from, to)]);
    }
  }
  return { mutated, around, damaged };
}
