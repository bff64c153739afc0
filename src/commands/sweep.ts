import { setTimeout as pause } from "node:timers/promises";
import { Command, Option } from "commander";
import { counted } from "../base/counted.ts";
import { VaeError } from "../base/errors.ts";
import { addSettingOptions, overridesFrom } from "../config/options.ts";
import { configFile } from "../config/recipes.ts";
import type { CellState, CellStatus } from "../sweeps/cellState.ts";
import type { Plan } from "../sweeps/plan.ts";
import type { SlurmOptions } from "../sweeps/slurm.ts";
import { integerFrom, jsonOption, note, result, tell } from "./shared.ts";
import { interruptible } from "./signals.ts";
import { train } from "./train.ts";
import { withDataProgress } from "./withDataProgress.ts";

interface RunOptions extends SlurmOptions {
  jobs: number;
  slurm?: boolean;
  quiet?: boolean;
  json?: boolean;
}

interface Options extends RunOptions {
  out?: string;
  count?: number;
  dryRun?: boolean;
  [setting: string]: unknown;
}

export function sweepCommand(): Command {
  const command = new Command("sweep")
    .enablePositionalOptions()
    .summary("train many runs: the settings that vary, several at a time, here or by Slurm")
    .description(
      "Train many runs: a configuration and the settings that vary. Each is an ordinary run in a folder of its own, named by " +
        "what varies. The same command goes on where it was stopped: finished runs stay, interrupted ones are resumed, and what " +
        "has diverged is left as it is.",
    )
    .argument(
      "[file]",
      "a sweep (`base:` and `vary:`, or in the format of W&B), or a configuration of which flags vary the settings; or a recipe",
    )
    .option("--out <folder>", "the sweep's folder (default: runs/<name of the file>)")
    .addOption(new Option("--count <n>", "draws of a random search").argParser(integerFrom(1)))
    .option("--dry-run", "print a `vae train` command for each cell, and run none");
  addRunnerOptions(command);
  const own = command.options.length;
  addSettingOptions(command);
  /** All the same known before, so that one which is misspelt is told the nearest. */
  const hideSettings = () => {
    for (const option of command.options.slice(own)) option.hideHelp();
    return "";
  };
  return command
    .addHelpText("before", hideSettings)
    .addHelpText(
      "after",
      "\nEvery setting of `vae train` is a flag here too. With several values it varies, in all combinations with the others:\n" +
        "  --objective.beta 0.5,1,2    --seed 0..4    --likelihood bernoulli,laplace    --hidden [400],[200,200]\n" +
        "\nA file says the same, and more:\n" +
        "  base: digits.yaml                            a configuration, or settings written here\n" +
        "  vary:\n" +
        "    grid: { objective.beta: [0.5, 1, 2], training.seed: 0..4 }\n" +
        "    list:                                      settings that go together\n" +
        "      - { likelihood.kind: gaussian, likelihood.sigma: shared }\n" +
        "      - { likelihood.kind: bernoulli }\n" +
        "    random:\n" +
        "      count: 20\n" +
        "      settings: { training.learningRate: { distribution: logUniform, min: 0.0001, max: 0.01 } }\n" +
        "  Distributions: uniform, logUniform and int with min and max; choice with values.\n" +
        "\nExamples:\n" +
        "  vae sweep beta --jobs 2\n" +
        "  vae sweep digits-bernoulli --objective.beta 0.5,1,2,4 --training.seed 0..4\n" +
        "  vae sweep beta --dry-run | parallel -j 4\n" +
        "  vae sweep beta --slurm --partition gpu --gres gpu:1 --time 2:00:00 --array-limit 50\n" +
        "  vae sweep status runs/beta                   where each run stands\n" +
        "  vae sweep run runs/beta --jobs 2             go on, without the file\n" +
        "  vae compare runs/beta                        the runs side by side, ranked by validation",
    )
    .addCommand(runCommand())
    .addCommand(statusCommand())
    .action(sweep);
}

function addRunnerOptions(command: Command): Command {
  const slurm = (flags: string, description: string) =>
    new Option(flags, description).helpGroup("Slurm:").implies({ slurm: true });
  return command
    .addOption(
      new Option(
        "--jobs <n>",
        "runs at a time, each in a process of its own, which share the processor's cores",
      )
        .argParser(integerFrom(1, 1024))
        .default(1),
    )
    .option("--quiet", "no progress, only the result")
    .addOption(jsonOption())
    .addOption(
      new Option("--slurm", "submit the runs as a job array, which saves, requeues and resumes").helpGroup(
        "Slurm:",
      ),
    )
    .addOption(slurm("--partition <name>", "as sbatch's"))
    .addOption(slurm("--time <limit>", "as sbatch's: a run that meets it saves, and goes on in a new job"))
    .addOption(slurm("--gres <list>", "as sbatch's, such as gpu:1"))
    .addOption(slurm("--cpus <n>", "sbatch's --cpus-per-task (default: 1)").argParser(integerFrom(1)))
    .addOption(slurm("--array-limit <n>", "tasks at a time").argParser(integerFrom(1)))
    .addOption(slurm("--sbatch <options>", 'more of sbatch\'s own options: "--account=x --mem=4G"'));
}

async function sweep(file: string | undefined, options: Options): Promise<void> {
  const { cellsOf } = await import("../sweeps/cells.ts");
  const { readSweep } = await import("../sweeps/readSweep.ts");
  const { writePlan } = await import("../sweeps/plan.ts");
  const { out, count, dryRun } = options;
  const sweep = readSweep(
    file && configFile(file, "sweep"),
    overridesFrom(options),
    count === undefined ? {} : { count },
  );
  const { cells, repeated } = cellsOf(sweep);
  const plan = { folder: out ?? `runs/${sweep.name}`, cells };
  if (repeated > 0) note(`${repeated} more would be the same as others and are left out.`);
  if (dryRun) {
    const { shellText, trainArguments } = await import("../sweeps/trainCommand.ts");
    for (const cell of cells) result(shellText(["vae", ...trainArguments(plan.folder, cell)]));
    return;
  }
  await writePlan(plan);
  await runPlan(plan, options);
}

function runCommand(): Command {
  return addRunnerOptions(
    new Command("run").description("Go on with a sweep that is planned, by its folder.").argument("<folder>"),
  )
    .addOption(
      new Option("--cell <n>", "only this one, in this process: what a task of a job array runs").argParser(
        integerFrom(0),
      ),
    )
    .option("--threads <n>", "with --cell: processor threads")
    .action(async (folder: string, options: RunOptions & { cell?: number; threads?: string }) => {
      if (options.cell !== undefined) return trainCell(folder, options.cell, options.threads);
      const { readPlan } = await import("../sweeps/plan.ts");
      await runPlan(readPlan(folder), options);
    });
}

function statusCommand(): Command {
  return new Command("status")
    .description("Where each run of a sweep stands.")
    .argument("<folder>", "a sweep's folder")
    .addOption(jsonOption())
    .action(async (folder: string, { json }: { json?: boolean }) => {
      const { readPlan } = await import("../sweeps/plan.ts");
      const { stateOf } = await import("../sweeps/cellState.ts");
      const plan = readPlan(folder);
      await tellStatus(
        plan,
        plan.cells.map((cell) => stateOf(folder, cell)),
        json,
      );
    });
}

/** Trains what a plan still lacks, here or by Slurm, and tells how it stands then. */
async function runPlan(plan: Plan, options: RunOptions): Promise<void> {
  const { folder, cells } = plan;
  const { isOpen, stateOf } = await import("../sweeps/cellState.ts");
  const { countsText } = await import("../sweeps/status.ts");
  const states = cells.map((cell) => stateOf(folder, cell));
  const say = options.quiet ? () => {} : note;
  say(`${folder}: ${countsText(states)}`);
  const open = cells.flatMap((_, i) => (isOpen(states[i]!) ? [i] : []));
  if (open.length > 0) {
    const { shareData } = await import("../sweeps/shareData.ts");
    await withDataProgress(
      (context) =>
        shareData(
          open.map((i) => cells[i]!),
          context,
        ),
      options,
    );
  }
  if (options.slurm) return submitPlan(plan, open, options);
  const { sweepReporter } = await import("../sweeps/report.ts");
  const { runLocally } = await import("../sweeps/local.ts");
  const reporter = sweepReporter(plan, states, say);
  const { ended, interrupted } = await interruptible(async (signal) => {
    const ended = await runLocally(plan, { jobs: options.jobs, states, signal, ...reporter });
    return { ended, interrupted: signal.aborted };
  });
  reporter.stop();
  await tellStatus(plan, ended, options.json);
  const has = (...wanted: CellStatus[]) => ended.some(({ status }) => wanted.includes(status));
  if (interrupted) {
    throw new VaeError(
      "interrupted",
      `Interrupted, with what was trained saved. Go on with: vae sweep run ${folder}`,
    );
  }
  if (has("failed", "unusable", "interrupted"))
    throw new VaeError("failure", `Not all runs were trained. Go on with: vae sweep run ${folder}`);
  if (has("diverged"))
    throw new VaeError("diverged", "Runs that diverged stay as they are; all others are trained.");
}

async function submitPlan(plan: Plan, open: readonly number[], options: RunOptions): Promise<void> {
  const { submit } = await import("../sweeps/slurm.ts");
  const submission = await submit(plan, open, options);
  const { submitted, queued, jobs, report, script } = submission;
  const lines = [
    `${counted(submitted, "cell")} submitted${queued > 0 ? `, ${queued} are queued already` : ""}.`,
    ...(jobs.length > 0
      ? [
          `Array ${jobs.join(", ")} runs ${script}; job ${report} then makes report.html and report.md of the runs.`,
        ]
      : []),
    `vae sweep status ${plan.folder} tells where they stand.`,
  ];
  result(options.json ? JSON.stringify({ folder: plan.folder, ...submission }) : lines.join("\n"));
}

/** Between two looks at a cell that another process trains; one that died elsewhere keeps its lock for minutes. */
const WAIT_MS = 5000;

async function trainCell(folder: string, index: number, threads: string | undefined): Promise<void> {
  const { readCell, runPath } = await import("../sweeps/plan.ts");
  const { stateOf } = await import("../sweeps/cellState.ts");
  const { cellText } = await import("../sweeps/status.ts");
  const { flagText } = await import("../sweeps/trainCommand.ts");
  const cell = readCell(folder, index);
  let state = stateOf(folder, cell);
  note(cellText(cell, state));
  while (state.status === "running") {
    await pause(WAIT_MS);
    state = stateOf(folder, cell);
  }
  const { status, why } = state;
  if (status === "finished") return;
  if (status === "diverged") throw new VaeError("diverged", `${cell.run} has diverged and stays as it is.`);
  if (status === "unusable") throw new VaeError("failure", `${cell.run} cannot be trained: ${why}.`);
  const resume = status !== "waiting";
  const overrides = new Map(
    Object.entries(resume ? {} : cell.settings).map(([path, value]) => [path, flagText(value)]),
  );
  if (threads !== undefined && !("threads" in cell.settings)) overrides.set("threads", threads);
  await train(undefined, overrides, { out: runPath(folder, cell), resume });
}

async function tellStatus(plan: Plan, states: readonly CellState[], json = false): Promise<void> {
  const { cellText, countsOf, countsText, openCells } = await import("../sweeps/status.ts");
  const { folder, cells } = plan;
  if (json) {
    const told = cells.map(({ run }, i) => ({ run, ...states[i]! }));
    result(JSON.stringify({ folder, counts: countsOf(states), cells: told }));
    return;
  }
  const lines = openCells(cells, states).map(({ cell, state }) => cellText(cell, state));
  tell([`${folder}: ${countsText(states)}`, ...lines].join("\n"));
}
