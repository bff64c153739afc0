import { rmSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { VaeError } from "../../base/errors.ts";
import { probe, whyNoGpu } from "./gpu.ts";
import { installationIn } from "./installation.ts";
import { compileBinding } from "./setup/compile.ts";
import {
  finishBuild,
  readSetup,
  refuseForeignFolder,
  removeAbandonedBuilds,
  type Setup,
  startBuild,
} from "./setup/folder.ts";
import { findLibrary, installByPip } from "./setup/library.ts";
import { createTools, findTools } from "./setup/tools.ts";

export interface SetupRequest {
  /** Where it is to be: `tensorflowFolder()`. */
  readonly folder: string;
  /** A folder with a TensorFlow; without one, pip installs it. */
  readonly from?: string;
  /** Whether pip is to install the build for NVIDIA GPUs. */
  readonly cuda?: boolean;
  readonly progress: (line: string) => void;
  readonly signal: AbortSignal;
}

const CPU_BUILD = "tensorflow-cpu";
const CUDA_BUILD = "tensorflow[and-cuda]";

/**
 * Builds tfjs-node against a TensorFlow. The work is done beside `folder`, and renamed at the end: `folder` is there
 * whole or not at all. One that is there, works and is what was asked for stays as it is.
 */
export async function setUpTensorflow(
  request: SetupRequest,
): Promise<Setup & { status: "built" | "present" }> {
  const { folder, from, cuda, progress, signal } = request;
  const present = readSetup(folder);
  if (present && isWanted(present, request) && (await works(folder)))
    return { ...present, status: "present" };
  refuseForeignFolder(folder);

  progress("1/4 looking for the tools");
  const compiler = findTools({ pip: from === undefined });
  if (from !== undefined) findLibrary(from); // what is wrong with it is told before anything is downloaded

  const build = startBuild(folder);
  const log = `${folder}.log`;
  writeFileSync(log, "");
  try {
    const tools = createTools(log, signal);
    const source = from === undefined ? (cuda ? CUDA_BUILD : CPU_BUILD) : resolve(from);
    progress(from === undefined ? pipNotice(source) : `2/4 taking TensorFlow from ${source}`);
    const library =
      from === undefined ? await installByPip(tools, source, join(build, "python")) : findLibrary(from);
    progress("3/4 fetching tfjs-node with npm and compiling it");
    await compileBinding(tools, { build, library, compiler });
    rmSync(join(build, "python", "tensorflow", "include"), { recursive: true, force: true });
    progress("4/4 starting it");
    const { version, gpu, log: said } = await probe(installationIn(build)!.binding);
    if (!version) {
      writeFileSync(log, said, { flag: "a" });
      throw new VaeError(
        "failure",
        `What was built does not start. All output is in ${log}; the end of it:\n${said}`,
      );
    }
    if (!gpu && library.cudaLibraries.length > 0) progress(`without a GPU for now: ${whyNoGpu(said)}`);
    const setup = { tensorflow: version, source };
    finishBuild(build, folder, setup);
    rmSync(log);
    return { ...setup, status: "built" };
  } catch (error) {
    rmSync(build, { recursive: true, force: true });
    if (!signal.aborted) throw error;
    rmSync(log);
    throw new VaeError("interrupted", "Interrupted. Nothing was left behind; the same command starts anew.");
  }
}

/** Removes what `setUpTensorflow` has made, and nothing else. Returns whether there was anything. */
export function removeTensorflow(folder: string): boolean {
  refuseForeignFolder(folder);
  const present = readSetup(folder) !== undefined;
  rmSync(folder, { recursive: true, force: true });
  rmSync(`${folder}.log`, { force: true });
  removeAbandonedBuilds(folder);
  return present;
}

/** Without options, any TensorFlow will do. */
function isWanted({ source }: Setup, { from, cuda }: SetupRequest): boolean {
  if (from !== undefined) return source === resolve(from);
  return !cuda || source === CUDA_BUILD;
}

async function works(folder: string): Promise<boolean> {
  const installation = installationIn(folder);
  return installation !== undefined && (await probe(installation.binding)).version !== undefined;
}

function pipNotice(source: string): string {
  const size = source === CUDA_BUILD ? "about 3 GB" : "about 270 MB";
  return `2/4 installing ${source} with pip (${size} to download)`;
}
