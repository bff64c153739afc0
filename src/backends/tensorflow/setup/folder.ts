import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { VaeError } from "../../../base/errors.ts";
import { fileError } from "../../../base/fileErrors.ts";

/** What was set up; `setup.json` in the folder holds it. */
export interface Setup {
  /** The version that was tried out. */
  readonly tensorflow: string;
  /** The folder that TensorFlow is in, or what pip installed. */
  readonly source: string;
}

const MANIFEST = "setup.json";
const MADE_BY = "vae setup tensorflow";

/** What `vae setup tensorflow` has made of `folder`; undefined where it has not made it. */
export function readSetup(folder: string): Setup | undefined {
  try {
    const { madeBy, tensorflow, source } = JSON.parse(readFileSync(join(folder, MANIFEST), "utf8"));
    return madeBy === MADE_BY ? { tensorflow, source } : undefined;
  } catch {
    return undefined;
  }
}

/** A new folder to build in, beside `folder` and hence on the same disk. */
export function startBuild(folder: string): string {
  const build = `${folder}.partial-${process.pid}`;
  try {
    mkdirSync(dirname(folder), { recursive: true });
    removeAbandonedBuilds(folder);
    mkdirSync(build);
  } catch (error) {
    const remedy = "VAE_TENSORFLOW names another place";
    throw fileError(`Cannot make the folder ${build} (${remedy})`, error);
  }
  return build;
}

/** Puts a finished build in its place. */
export function finishBuild(build: string, folder: string, setup: Setup): void {
  writeFileSync(join(build, MANIFEST), `${JSON.stringify({ madeBy: MADE_BY, ...setup }, null, 2)}\n`);
  rmSync(folder, { recursive: true, force: true });
  renameSync(build, folder);
}

/** Throws where `folder` holds something that is not ours to replace or remove. */
export function refuseForeignFolder(folder: string): void {
  if (!existsSync(folder) || readSetup(folder) || readdirSync(folder).length === 0) return;
  throw new VaeError(
    "failure",
    `${folder} was not made by \`${MADE_BY}\` and is left as it is. Name another folder in VAE_TENSORFLOW.`,
  );
}

/** Removes the builds of processes that were killed. */
export function removeAbandonedBuilds(folder: string): void {
  const [parent, prefix] = [dirname(folder), `${basename(folder)}.partial-`];
  if (!existsSync(parent)) return;
  for (const name of readdirSync(parent)) {
    if (!name.startsWith(prefix) || isRunning(Number(name.slice(prefix.length)))) continue;
    rmSync(join(parent, name), { recursive: true });
  }
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}
