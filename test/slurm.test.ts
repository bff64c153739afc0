import { execFileSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, vi } from "vitest";
import { command } from "./faults/command.ts";
import { contents, settings, tinyRuns } from "./faults/tinyRun.ts";
import { testUnless } from "./helpers/missing.ts";

const missing = process.env["VAE_SLURM"]
  ? undefined
  : "no Slurm of our own (scripts/slurm.sh starts one on Debian, as root)";

const runs = tinyRuns();
vi.setConfig({ testTimeout: 600_000 });
const patience = { timeout: 400_000, interval: 500 };
const patient = { killAfter: 500_000 };

/** Long enough to be found at work. */
const longer = ["--training.earlyStopping", "0", "--epochs", "60", "--training.previewEvery", "0"];
const sweep = ["sweep", ...settings(runs.data), ...longer, "--seed", "0,1", "--out", "sweep"];
const cells = ["seed=0", "seed=1"];

testUnless(missing, "killed and at its time limit, a task goes on, to the bytes of local runs", async () => {
  const [local, cluster] = [runs.place(), runs.place()];
  const submitted = await command([...sweep, "--slurm", "--time", "10", "--json"], { cwd: cluster });
  expect(submitted.code, submitted.stderr).toBe(0);
  expect(JSON.parse(submitted.stdout)).toMatchObject({ submitted: 2, queued: 0 });
  const twice = await command([...sweep, "--slurm", "--json"], { cwd: cluster });
  expect(JSON.parse(twice.stdout)).toMatchObject({ submitted: 0, queued: 2 });

  const at = (...path: string[]) => join(cluster, "sweep", ...path);
  await expect.poll(() => cells.every((cell) => existsSync(at(cell, "metrics.csv"))), patience).toBe(true);
  process.kill(JSON.parse(readFileSync(at(cells[0]!, "run.lock"), "utf8")).pid, "SIGKILL");
  const { jobs, report } = JSON.parse(submitted.stdout);
  execFileSync("scancel", ["--batch", "--signal=USR1", `${jobs[0]}_1`]); // what Slurm sends before the limit

  const recordOf = (cell: string) => JSON.parse(readFileSync(at(cell, "run.json"), "utf8"));
  await expect
    .poll(
      () => execFileSync("squeue", ["--noheader", "--jobs", `${jobs[0]},${report}`], { encoding: "utf8" }),
      patience,
    )
    .toBe("");
  for (const cell of cells) {
    expect(recordOf(cell).status).toBe("finished");
    expect(recordOf(cell).history).toMatchObject([{ event: "resumed" }]);
  }
  expect(readFileSync(at("slurm/report.log"), "utf8")).toMatch(/report\.html\n.*report\.md\n$/);
  expect(readFileSync(at("report.md"), "utf8")).toMatch(/ELBO/);

  const { code, stderr } = await command([...sweep, "--jobs", "2"], { cwd: local, ...patient });
  expect(code, stderr).toBe(0);
  for (const cell of cells) expect(contents(at(cell))).toEqual(contents(join(local, "sweep", cell)));
});
