import { existsSync, readdirSync, realpathSync, rmSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { VaeError } from "../../../base/errors.ts";
import { ToolError, type Tools } from "./tools.ts";

/** A TensorFlow on disk that a program can be linked with. */
export interface TensorflowLibrary {
  /** Where the libraries lie, by its real path. */
  readonly folder: string;
  readonly include: string;
  /** `libtensorflow_cc.so.2` of a pip package or `libtensorflow.so.2`, and `libtensorflow_framework.so.2`. */
  readonly libraries: readonly string[];
  /** NVIDIA's libraries, where pip put them beside it. */
  readonly cudaLibraries: readonly string[];
}

const HEADER = "tensorflow/c/eager/c_api.h";
const LIBRARIES = [/^libtensorflow(_cc)?\.so\.\d+$/, /^libtensorflow_framework\.so\.\d+$/];

/** What TensorFlow opens by name when it looks for a GPU, and nvJitLink, which these need. */
const CUDA_LIBRARY =
  /^lib(cudart|cublas|cublasLt|cufft|curand|cusolver|cusparse|cudnn|cupti|nccl|nvJitLink)\.so\.\d+$/;

/** The TensorFlow in `from`: a pip package, an environment or site-packages with one, or an unpacked libtensorflow. */
export function findLibrary(from: string): TensorflowLibrary {
  const accepted =
    "Accepted: the folder of the pip package tensorflow or tensorflow-cpu (…/site-packages/tensorflow), a Python " +
    "environment with it, or an unpacked libtensorflow (a folder with include/ and lib/).";
  const root = resolve(from);
  if (!existsSync(root))
    throw new VaeError("failure", `--from ${from}: there is no such folder. ${accepted}`);
  const python = ["lib", "lib64"].flatMap((lib) =>
    list(join(root, lib), /^python3/).map((path) => join(path, "site-packages")),
  );
  for (const home of [root, ...[root, ...python].map((folder) => join(folder, "tensorflow"))]) {
    for (const folder of [home, join(home, "lib")]) {
      const libraries = LIBRARIES.flatMap((name) => list(folder, name).slice(0, 1));
      if (libraries.length < LIBRARIES.length) continue;
      const include = join(home, "include");
      if (!existsSync(join(include, HEADER))) {
        throw new VaeError(
          "failure",
          `--from ${from}: ${folder} has TensorFlow's libraries, but its headers are missing (${join(include, HEADER)}). ` +
            "The packages of pip and the archives of libtensorflow have them; some system packages do not.",
        );
      }
      return { folder: realpathSync(folder), include, libraries, cudaLibraries: cudaLibrariesBeside(home) };
    }
  }
  throw new VaeError(
    "failure",
    `--from ${from}: no TensorFlow is there (libtensorflow_cc.so.2 or libtensorflow.so.2, with ` +
      `libtensorflow_framework.so.2). ${accepted}`,
  );
}

function cudaLibrariesBeside(tensorflow: string): string[] {
  const packages = list(join(dirname(realpathSync(tensorflow)), "nvidia"), /./);
  return packages.flatMap((folder) => list(join(folder, "lib"), CUDA_LIBRARY));
}

/** Lets pip install `source` into `target` and keeps of it what is needed: libraries, headers and notices. */
export async function installByPip(tools: Tools, source: string, target: string): Promise<TensorflowLibrary> {
  try {
    await tools.run("python3", ["-m", "pip", "--version"]);
  } catch (error) {
    throw new VaeError(
      "failure",
      "python3 has no pip (Debian, Ubuntu: `apt install python3-pip`; elsewhere `python3 -m ensurepip`). " +
        "Or give a TensorFlow that is here with --from.",
      { cause: error },
    );
  }
  const options = ["--target", target, "--no-user", "--no-compile", "--no-input", "--progress-bar=off"];
  // What TensorFlow needs in Python (numpy, keras …) is not for us; but NVIDIA's libraries come in the same way.
  if (!source.includes("[")) options.push("--no-deps");
  try {
    await tools.run("python3", ["-m", "pip", "install", ...options, source]);
  } catch (error) {
    if (!(error instanceof ToolError) || !/No matching distribution/.test(error.output)) throw error;
    const python = (await tools.run("python3", ["--version"])).trim();
    throw new VaeError(
      "failure",
      `pip found no wheel of ${source} for ${python} on ${process.platform} ${process.arch}, or did not reach its ` +
        "package index. TensorFlow 2.21 has wheels for Python 3.10 to 3.13: put such a python3 first on PATH, check " +
        `pip's index, or give a TensorFlow that is here with --from. ${error.message}`,
      { cause: error },
    );
  }
  for (const path of list(target, /./)) {
    if (!/\/(tensorflow|nvidia|[^/]+\.dist-info)$/.test(path)) rmSync(path, { recursive: true });
  }
  for (const path of list(join(target, "tensorflow"), /^(?!libtensorflow|include$|THIRD_PARTY)/)) {
    rmSync(path, { recursive: true });
  }
  return findLibrary(target);
}

/** Paths in `folder` whose names fit; none where there is no such folder. */
function list(folder: string, name: RegExp): string[] {
  if (!existsSync(folder)) return [];
  return readdirSync(folder)
    .filter((entry) => name.test(entry))
    .sort()
    .map((entry) => join(folder, entry));
}
