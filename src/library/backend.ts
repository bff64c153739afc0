import type { BackendInfo } from "../backends/index.ts";
import { VaeError } from "../base/errors.ts";
import { startCompute } from "../runs/experiment.ts";
import type { LoadOptions } from "./run.ts";

type Compute = Omit<LoadOptions, "checkpoint">;

interface Started {
  readonly backend: Promise<BackendInfo>;
  readonly asked: string;
  /** The runs that are open on it, whose tensors would be lost if it were started again. */
  runs: number;
}

let started: Started | undefined;

/** The backend of this process for one more run: the one that is started, unless no run is open and another is asked for. */
export async function takeBackend(compute: Compute): Promise<BackendInfo> {
  const settings = Object.entries(compute).filter(([, value]) => value !== undefined);
  const asked = JSON.stringify(settings);
  const isOther = started !== undefined && settings.length > 0 && asked !== started.asked;
  if (started && isOther && started.runs > 0) {
    const { name } = await started.backend;
    throw new VaeError(
      "usage",
      `${settings.map(([key, value]) => `${key} ${value}`).join(", ")} is asked for, and runs are open on ${name}: a process has ` +
        "one backend. Leave it out to share that one, or dispose of them first.",
    );
  }
  if (!started || isOther) {
    const backend = startCompute(new Map(settings.map(([key, value]) => [key, String(value)])));
    started = { backend, asked, runs: 0 };
  }
  const taken = started;
  taken.runs++;
  try {
    return await taken.backend;
  } catch (error) {
    if (started === taken) started = undefined;
    throw error;
  }
}

export function releaseBackend(): void {
  if (started) started.runs--;
}
