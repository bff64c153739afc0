import { totalmem } from "node:os";

/** The memory that this process may have, in bytes: the machine's, or less where a container allows no more. */
export function memoryLimit(): number {
  const allowed = process.constrainedMemory(); // 0 where it is not known, beyond all machines where there is no limit
  return allowed > 0 ? Math.min(allowed, totalmem()) : totalmem();
}

/** More than any graphics card has. */
export const CARD_MEMORY = 2 ** 39;

/** `9.9 MB`, in powers of ten. */
export function formatBytes(bytes: number): string {
  const units = ["B", "kB", "MB", "GB", "TB"];
  const power = Math.min(units.length - 1, Math.max(0, Math.floor(Math.log10(bytes) / 3)));
  const amount = bytes / 1000 ** power;
  return `${power === 0 ? amount : amount.toFixed(1)} ${units[power]}`;
}
