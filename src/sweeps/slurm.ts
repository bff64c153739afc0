import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdirSync } from "node:fs";
import { basename, join, resolve } from "node:path";
import { writeFileAtomic } from "../base/atomicFile.ts";
import { VaeError } from "../base/errors.ts";
import { program } from "./local.ts";
import type { Plan } from "./plan.ts";
import { shellText } from "./trainCommand.ts";

/** What of sbatch a sweep sets; all of it optional. */
export interface SlurmOptions {
  readonly partition?: string;
  readonly time?: string;
  readonly gres?: string;
  readonly cpus?: number;
  /** Tasks at a time. */
  readonly arrayLimit?: number;
  /** More of sbatch's own options, as one writes them in a shell. */
  readonly sbatch?: string;
}

export interface Submission {
  /** Of the arrays, as Slurm numbers them. */
  readonly jobs: readonly string[];
  /** Of the job that comes after them. */
  readonly report: string;
  readonly script: string;
  readonly submitted: number;
  /** Cells that wait or run in Slurm already. */
  readonly queued: number;
}

/** Before the time limit, for the checkpoint; Slurm may be a minute early. */
const LEAD_SECONDS = 60;

/** Of a task that dies by itself. Those that meet their time limit go on as often as it takes. */
const MOST_RESTARTS = 3;

/** Submits a job array for these cells of a plan, one run a task, and a job that reports on the runs after it. */
export async function submit(
  { folder }: Plan,
  indices: readonly number[],
  options: SlurmOptions,
): Promise<Submission> {
  const files = resolve(folder, "slurm");
  const hash = createHash("sha256").update(files).digest("hex").slice(0, 8);
  const name = `${basename(resolve(folder))}-${hash}`;
  const size = largestArray();
  const queued = queuedCells(name);
  const chunks = new Map<number, number[]>();
  for (const index of indices.filter((index) => !queued.has(index))) {
    const offset = index - (index % size);
    chunks.set(offset, [...(chunks.get(offset) ?? []), index - offset]);
  }
  mkdirSync(files, { recursive: true });
  const script = join(files, "job.sh");
  await writeFileAtomic(script, jobScript(folder, options));
  const common = [
    `--chdir=${process.cwd()}`, // so that the runs have the names that they have here
    ...(options.partition === undefined ? [] : [`--partition=${options.partition}`]),
    ...(options.sbatch === undefined ? [] : options.sbatch.trim().split(/\s+/)),
  ];
  const limit = options.arrayLimit === undefined ? "" : `%${options.arrayLimit}`;
  const jobs = [...chunks].map(([offset, tasks]) =>
    sbatch([
      ...common,
      ...[`--job-name=${name}-${offset}`, `--array=${ranges(tasks)}${limit}`, script, String(offset)],
    ]),
  );
  const submitted = [...chunks.values()].flat().length;
  if (jobs.length === 0) return { jobs, report: "", script, submitted, queued: queued.size };
  const report = sbatch([
    ...common,
    ...[`--job-name=${name}-report`, `--dependency=afterany:${jobs.join(":")}`, "--open-mode=truncate"],
    ...[`--output=${join(files, "report.log")}`, `--wrap=${shellText(vae("report", folder))}`],
  ]);
  return { jobs, report, script, submitted, queued: queued.size };
}

const vae = (...args: string[]) => [process.execPath, program, ...args];

/** What a task of the array runs. Its first argument is the number of the cell that the array's task 0 would have. */
export function jobScript(folder: string, { time, gres, cpus }: SlurmOptions): string {
  const settings = [
    `--output=${resolve(folder, "slurm", "%A_%a.log")}`,
    "--open-mode=append",
    "--requeue",
    `--signal=B:USR1@${LEAD_SECONDS}`,
    ...(time === undefined ? [] : [`--time=${time}`]),
    ...(gres === undefined ? [] : [`--gres=${gres}`]),
    `--cpus-per-task=${cpus ?? 1}`,
  ];
  return `#!/bin/bash
${settings.map((setting) => `#SBATCH ${setting}`).join("\n")}

${shellText(vae("sweep", "run", folder))} --cell $(($1 + SLURM_ARRAY_TASK_ID)) --threads "\${SLURM_CPUS_PER_TASK:-1}" &
run=$!

# The time limit is near: a checkpoint, and another go.
trap '[ -n "$limit" ] || kill -TERM $run; limit=near' USR1
# Cancelled, or preempted and requeued by Slurm, which tells the run as well; a second time would end it without a checkpoint.
trap 'stopped=yes' TERM INT
while wait $run; code=$?; kill -0 $run 2>/dev/null; do :; done # a trapped signal ends \`wait\`, but not the run

if [ -n "$limit" ] && [ $code -ne 0 ]; then
  scontrol requeue "$SLURM_JOB_ID"
elif [ -z "$stopped" ] && [ $code -gt 3 ] && [ "\${SLURM_RESTART_COUNT:-0}" -lt ${MOST_RESTARTS} ]; then
  scontrol requeue "$SLURM_JOB_ID" # it died: killed, or a defect
fi
exit $code
`;
}

/** The most tasks that an array may have: their numbers are below this. */
function largestArray(): number {
  const [, size] = /^MaxArraySize\s*=\s*(\d+)/m.exec(slurm("scontrol", ["show", "config"])) ?? [];
  return Number(size ?? 1001);
}

/** Cells whose tasks wait or run: the offset is at the end of the array's name. */
function queuedCells(name: string): Set<number> {
  const lines = slurm("squeue", ["--noheader", "--array", "--format=%j %K"]).split("\n");
  return new Set(
    lines.flatMap((line) => {
      const [job = "", task] = line.trim().split(" ");
      const offset = job.startsWith(`${name}-`) ? Number(job.slice(name.length + 1)) : Number.NaN;
      return Number.isNaN(offset) ? [] : [offset + Number(task)];
    }),
  );
}

const sbatch = (args: readonly string[]) =>
  slurm("sbatch", ["--parsable", ...args])
    .trim()
    .split(";")[0]!;

function slurm(command: string, args: readonly string[]): string {
  try {
    return execFileSync(command, args, {
      encoding: "utf8",
      stdio: ["ignore", "pipe", "pipe"],
      maxBuffer: 1e9,
    });
  } catch (error) {
    const { code, stderr } = error as NodeJS.ErrnoException & { stderr?: string };
    if (code === "ENOENT") {
      throw new VaeError(
        "failure",
        `There is no ${command} here: --slurm is for machines that submit to Slurm. For other queues --dry-run prints a command for each cell.`,
      );
    }
    throw new VaeError("failure", `${command} refused: ${(stderr ?? String(error)).trim()}`);
  }
}

/** `0-3,7` */
export function ranges(numbers: readonly number[]): string {
  const parts: { from: number; to: number }[] = [];
  for (const n of numbers) {
    const last = parts.at(-1);
    if (last && n === last.to + 1) last.to = n;
    else parts.push({ from: n, to: n });
  }
  return parts.map(({ from, to }) => (from === to ? `${from}` : `${from}-${to}`)).join(",");
}
