import { readFileSync } from "node:fs";

/** The most memory that a running process has had resident, in MiB; null where the system (not Linux) does not tell. */
export function peakMemory(pid) {
  try {
    const [, kibibytes] = /^VmHWM:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"));
    return Number(kibibytes) / 1024;
  } catch {
    return null;
  }
}
