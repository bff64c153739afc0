import { execFileSync } from "node:child_process";
import { availableParallelism, cpus } from "node:os";

/** What the numbers are from. `card` and `driver` are what nvidia-smi says, null without it. */
export function machine() {
  const [card, driver] = nvidiaSmi();
  return {
    processor: cpus()[0]?.model.trim() ?? process.arch,
    cores: availableParallelism(),
    node: process.version,
    card: card ?? null,
    driver: driver ?? null,
  };
}

/** Name and driver of the first card. */
function nvidiaSmi() {
  try {
    const args = ["--query-gpu=name,driver_version", "--format=csv,noheader"];
    const stdio = ["ignore", "pipe", "ignore"];
    const [first] = execFileSync("nvidia-smi", args, { encoding: "utf8", stdio, timeout: 10_000 }).split(
      "\n",
    );
    return first.split(",").map((text) => text.trim());
  } catch {
    return [];
  }
}
