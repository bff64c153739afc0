import { existsSync, readdirSync, readFileSync } from "node:fs";
import { chmod, mkdir, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { hasNvidiaCard, whyNoGpu } from "../../src/backends/tensorflow/gpu.ts";
import { findInstallation, tensorflowFolder } from "../../src/backends/tensorflow/installation.ts";
import { findLibrary } from "../../src/backends/tensorflow/setup/library.ts";
import { removeTensorflow, type SetupRequest, setUpTensorflow } from "../../src/backends/tensorflow/setup.ts";
import { tensorflow } from "../../src/backends/tensorflow.ts";
import { setupCommand } from "../../src/commands/setup.ts";
import { failureOf, temporaryFolder } from "../data/files.ts";

/**
 * Real processes, with small scripts on PATH in the place of the tools, and nothing else: so each can be missing or
 * fail. What the real tools do together is in `tensorflow.test.ts`.
 */
let root: string;

beforeEach(async () => {
  root = await temporaryFolder();
  vi.stubEnv("PATH", join(root, "bin"));
  vi.stubEnv("CXX", undefined);
  vi.stubEnv("VAE_TENSORFLOW", join(root, "data", "tensorflow"));
  vi.stubEnv("XDG_DATA_HOME", join(root, "home"));
  await putTools(tools);
});

afterEach(() => {
  vi.unstubAllEnvs();
  vi.restoreAllMocks();
});

/** pip "installs" a TensorFlow of empty files, npm packs one, tar unpacks nothing, g++ writes down how it was called. */
const tools: Record<string, string> = {
  python3: `
    case "$*" in *--version*) echo "Python 3.12.1"; exit;; esac
    while [ "$1" != --target ]; do shift; done
    /bin/mkdir -p "$2/numpy" "$2/tensorflow/python" "$2/tensorflow/include/tensorflow/c/eager" "$2/nvidia/cudnn/lib"
    : > "$2/tensorflow/libtensorflow_cc.so.2"; : > "$2/tensorflow/libtensorflow_framework.so.2"
    : > "$2/tensorflow/include/tensorflow/c/eager/c_api.h"
    : > "$2/nvidia/cudnn/lib/libcudnn.so.9"; : > "$2/nvidia/cudnn/lib/libcudnn_ops.so.9"`,
  npm: `while [ "$1" != --pack-destination ]; do shift; done; : > "$2/package.tgz"`,
  tar: `while [ "$1" != -C ]; do shift; done; echo '{ "name": "@tensorflow/tfjs-node", "version": "4.22.0" }' > "$2/package.json"`,
  "g++": `echo "$@" >> "\${0%/*}/compiled"; while [ "$1" != -o ]; do shift; done; echo "no library" > "$2"`,
};

async function putTools(scripts: Record<string, string>): Promise<void> {
  for (const [name, script] of Object.entries(scripts))
    await put(join("bin", name), `#!/bin/sh\n${script}\n`);
}

async function put(path: string, text = ""): Promise<void> {
  const file = join(root, path);
  await mkdir(dirname(file), { recursive: true });
  await writeFile(file, text);
  await chmod(file, 0o755);
}

const without = async (...names: string[]) => {
  for (const name of names) await chmod(join(root, "bin", name), 0o644);
};

/** Sets up, and gives the failure. Whatever happens, nothing may be left but a log. */
async function failureOfSetup(request: Partial<SetupRequest> = {}): Promise<string> {
  const folder = tensorflowFolder();
  const work = setUpTensorflow({
    folder,
    progress: () => {},
    signal: new AbortController().signal,
    ...request,
  });
  const message = await failureOf(work, root);
  const left = existsSync(dirname(folder)) ? readdirSync(dirname(folder)) : [];
  expect(left.filter((name) => name !== "tensorflow.log")).toEqual([]);
  return message;
}

const log = () => readFileSync(`${tensorflowFolder()}.log`, "utf8");

describe("tools", () => {
  test("everything that is missing is told at once", async () => {
    await without("python3", "npm", "tar", "g++");
    expect(await failureOfSetup()).toBe(
      "failure: Not found on PATH: a C++ compiler: g++, c++ or clang++ (Debian, Ubuntu: `apt install g++`); " +
        "npm, which comes with Node; tar; python3 with pip; or give a TensorFlow that is here with --from.",
    );
    expect(existsSync(join(root, "data"))).toBe(false);
  });

  test("with --from, no python3 is asked for", async () => {
    await without("python3", "g++");
    expect(await failureOfSetup({ from: join(root, "nowhere") })).toMatch(
      /^failure: Not found on PATH: a C\+\+ [^;]*\.$/,
    );
  });

  test("clang++ will do, and so will CXX", async () => {
    await without("g++");
    await putTools({ "clang++": `echo clang was here >&2; exit 1` });
    expect(await failureOfSetup()).toMatch(
      /^failure: TMP\/bin\/clang\+\+ failed \(1\)\..*\n {2}clang was here$/s,
    );
    vi.stubEnv("CXX", join(root, "bin", "none"));
    expect(await failureOfSetup()).toMatch(/^failure: TMP\/bin\/none could not be run: .*ENOENT/);
  });

  test("only Linux has wheels to link with", async () => {
    vi.spyOn(process, "platform", "get").mockReturnValue("darwin");
    expect(await failureOfSetup()).toMatch(
      /is for Linux, and this is darwin\. Install @tensorflow\/tfjs-node /,
    );
  });
});

describe("pip", () => {
  test("is missing", async () => {
    await putTools({ python3: `echo "/usr/bin/python3: No module named pip" >&2; exit 1` });
    expect(await failureOfSetup()).toMatch(
      /^failure: python3 has no pip \(Debian, Ubuntu: `apt install python3-pip`/,
    );
  });

  test("has no wheel for this Python", async () => {
    const answer = "ERROR: No matching distribution found for tensorflow-cpu";
    await putTools({
      python3: `case "$*" in *--version*) echo "Python 3.99.0";; *) echo "${answer}" >&2; exit 1;; esac`,
    });
    expect(await failureOfSetup()).toMatch(
      /^failure: pip found no wheel of tensorflow-cpu for Python 3\.99\.0 on linux .*Python 3\.10 to 3\.13.*No matching/s,
    );
  });

  test("fails for another reason: the end of what it said, and a log with all of it", async () => {
    const lines = `i=0; while [ $i -lt 40 ]; do echo "line $i"; i=$((i+1)); done; echo "No space left on device"; exit 1`;
    await putTools({ python3: `case "$*" in *--version*) exit;; esac; ${lines}` });
    const message = await failureOfSetup();
    expect(message).toMatch(
      /^failure: python3 failed \(1\)\. All it printed is in TMP\/data\/tensorflow\.log; /,
    );
    expect(message).toMatch(/\n {2}line 29\n.*\n {2}No space left on device$/s);
    expect(message).not.toContain("line 28");
    expect(log()).toMatch(/\$ python3 -m pip install .*--no-deps tensorflow-cpu\nline 0\nline 1\n/);
  });

  test("installs the build with CUDA and what that needs", async () => {
    const steps: string[] = [];
    await failureOfSetup({ cuda: true, progress: (line) => steps.push(line) });
    expect(log()).toMatch(/-m pip install (?!.*--no-deps).* tensorflow\[and-cuda\]\n/);
    expect(steps).toEqual([
      "1/4 looking for the tools",
      "2/4 installing tensorflow[and-cuda] with pip (about 3 GB to download)",
      "3/4 fetching tfjs-node with npm and compiling it",
      "4/4 starting it",
    ]);
  });
});

describe("building", () => {
  test("npm does not reach its registry", async () => {
    await putTools({ npm: `echo "npm error code ENOTFOUND" >&2; exit 7` });
    expect(await failureOfSetup()).toMatch(/^failure: npm failed \(7\)\..*\n {2}npm error code ENOTFOUND$/s);
  });

  test("the compiler fails", async () => {
    await putTools({ "g++": `echo "fatal error: no such header" >&2; exit 1` });
    expect(await failureOfSetup()).toMatch(
      /^failure: TMP\/bin\/g\+\+ failed \(1\)\..*\n {2}fatal error: no such header$/s,
    );
  });

  test("what was built does not start", async () => {
    expect(await failureOfSetup()).toMatch(
      /^failure: What was built does not start\. All output is in TMP\/data\/tensorflow\.log; .*tfjs_binding\.node: /s,
    );
    expect(log()).toContain("tfjs_binding.node: ");
  });

  test("links TensorFlow and NVIDIA's libraries, to be found from the addon on", async () => {
    await failureOfSetup({ cuda: true });
    const [opener, binding] = readFileSync(join(root, "bin", "compiled"), "utf8")
      .trim()
      .split("\n");
    expect(opener).toMatch(/opener\.cc -ldl -o .*\/napi-v8\/open_quietly\.node$/);
    expect(binding).toMatch(
      /tensorflow\/libtensorflow_cc\.so\.2 .*tensorflow\/libtensorflow_framework\.so\.2 .*cudnn\/lib\/libcudnn\.so\.9 /,
    );
    expect(binding).toContain("-Wl,-rpath,$ORIGIN/../../../../../python/tensorflow ");
    expect(binding).toContain("-Wl,-rpath,$ORIGIN/../../../../../python/nvidia/cudnn/lib ");
    expect(binding).not.toContain("libcudnn_ops"); // libcudnn opens its parts itself
  });

  test("an interruption leaves nothing, and waits until the tool has stopped", async () => {
    await putTools({ python3: `case "$*" in *--version*) exit;; esac; exec /bin/sleep 60` });
    const interrupt = new AbortController();
    const progress = (line: string) => {
      if (line.startsWith("2/4")) setTimeout(() => interrupt.abort(), 200);
    };
    expect(await failureOfSetup({ progress, signal: interrupt.signal })).toMatch(
      /^interrupted: Interrupted\. Nothing /,
    );
    expect(readdirSync(join(root, "data"))).toEqual([]);
  });

  test("a place that cannot be written to", async () => {
    await put("file");
    expect(await failureOfSetup({ folder: join(root, "file", "tensorflow") })).toMatch(
      /^failure: Cannot make the folder TMP\/file\/tensorflow\.partial-\d+ \(VAE_TENSORFLOW names another place\): a file is in the place of its folder \(EEXIST\)\.$/,
    );
  });

  test("a folder that is not ours is neither replaced nor removed", async () => {
    await put("data/tensorflow/thesis.txt");
    const work = setUpTensorflow({
      folder: tensorflowFolder(),
      progress: () => {},
      signal: new AbortController().signal,
    });
    expect(await failureOf(work, root)).toMatch(
      /^failure: TMP\/data\/tensorflow was not made by `vae setup tensorflow`/,
    );
    expect(() => removeTensorflow(tensorflowFolder())).toThrow(/was not made by/);
    expect(existsSync(join(root, "data/tensorflow/thesis.txt"))).toBe(true);
  });
});

describe("--from", () => {
  const header = "include/tensorflow/c/eager/c_api.h";
  const pip = ["libtensorflow_cc.so.2", "libtensorflow_framework.so.2", header];

  test.each([
    ["the folder of a pip package", "tensorflow", pip.map((file) => `tensorflow/${file}`)],
    ["site-packages", "site", pip.map((file) => `site/tensorflow/${file}`)],
    ["an environment", "venv", pip.map((file) => `venv/lib/python3.12/site-packages/tensorflow/${file}`)],
    ["libtensorflow", "c", ["c/lib/libtensorflow.so.2", "c/lib/libtensorflow_framework.so.2", `c/${header}`]],
  ])("takes %s", async (_, from, files) => {
    for (const file of files) await put(file);
    const { folder, include, libraries, cudaLibraries } = findLibrary(join(root, from));
    expect(libraries.map((path) => path.replace(root, ""))).toEqual(
      files.slice(0, 2).map((file) => `/${file}`),
    );
    expect(libraries.map(dirname)).toEqual([folder, folder]);
    expect(join(include, "tensorflow/c/eager/c_api.h")).toBe(join(root, files[2]!));
    expect(cudaLibraries).toEqual([]);
  });

  test("finds NVIDIA's libraries beside a pip package", async () => {
    for (const file of pip) await put(`site/tensorflow/${file}`);
    for (const file of ["cublas/lib/libcublas.so.12", "cublas/lib/libnvblas.so.12", "cudnn/include/cudnn.h"])
      await put(`site/nvidia/${file}`);
    expect(findLibrary(join(root, "site")).cudaLibraries).toEqual([
      join(root, "site/nvidia/cublas/lib/libcublas.so.12"),
    ]);
  });

  test("refuses what is no TensorFlow, before anything is fetched", async () => {
    const from = join(root, "from");
    expect(await failureOfSetup({ from })).toMatch(
      /^failure: --from TMP\/from: there is no such folder\. Accepted: /,
    );
    await put("from/libtensorflow_framework.so.2");
    expect(await failureOfSetup({ from })).toMatch(
      /^failure: --from TMP\/from: no TensorFlow is there .* Accepted: /,
    );
    await put("from/libtensorflow_cc.so.2");
    expect(await failureOfSetup({ from })).toMatch(
      /its headers are missing \(TMP\/from\/include\/tensorflow\/c\/eager/,
    );
    expect(existsSync(join(root, "data"))).toBe(false);
  });
});

describe("removing", () => {
  const setup = `{ "madeBy": "vae setup tensorflow", "tensorflow": "2.21.0", "source": "tensorflow-cpu" }`;

  test("takes away the folder, the log and abandoned builds", async () => {
    await put("data/tensorflow/setup.json", setup);
    await put("data/tensorflow/python/tensorflow/libtensorflow_cc.so.2");
    await put("data/tensorflow.log");
    await put("data/tensorflow.partial-99999999/file"); // Linux has no such process
    await put(`data/tensorflow.partial-${process.pid}/file`);
    await put("data/others");
    expect(removeTensorflow(tensorflowFolder())).toBe(true);
    expect(readdirSync(join(root, "data"))).toEqual(["others", `tensorflow.partial-${process.pid}`]);
    expect(removeTensorflow(tensorflowFolder())).toBe(false);
  });

  test("the command tells what it did", async () => {
    const out: unknown[] = [];
    vi.spyOn(process.stdout, "write").mockImplementation((text) => out.push(text) > 0);
    const run = (...args: string[]) =>
      setupCommand().parseAsync(["tensorflow", "--remove", ...args], { from: "user" });
    await put("data/tensorflow/setup.json", setup);
    await run();
    await run();
    await run("--json");
    expect(out.join("").replaceAll(root, "TMP")).toBe(
      "Removed TMP/data/tensorflow.\nThere is nothing to remove in TMP/data/tensorflow.\n" +
        '{"folder":"TMP/data/tensorflow","status":"absent"}\n',
    );
  });

  test("one that no longer starts is built anew", async () => {
    await put("data/tensorflow/setup.json", setup);
    const work = setUpTensorflow({
      folder: tensorflowFolder(),
      progress: () => {},
      signal: new AbortController().signal,
    });
    expect(await failureOf(work, root)).toMatch(/does not start/);
    expect(readdirSync(join(root, "data"))).toEqual(["tensorflow", "tensorflow.log"]);
  });
});

describe("finding what is installed", () => {
  const packageFile = (name: string) => JSON.stringify({ name: `@tensorflow/${name}`, version: "4.22.0" });
  const place = async (folder: string, name = "tfjs-node", napi: number | string = 8) => {
    await put(`${folder}/package.json`, packageFile(name));
    await put(`${folder}/lib/napi-v${napi}/tfjs_binding.node`);
  };
  const found = () => findInstallation().folder.replace(root, "TMP");

  test("in VAE_TENSORFLOW: what setup made, a project, or the package itself; the one for GPUs first", async () => {
    expect(() => found()).toThrow(
      /^VAE_TENSORFLOW is .*, and no TensorFlow for Node is there\. `vae setup tensorflow` /,
    );
    await place("data/tensorflow/node_modules/@tensorflow/tfjs-node");
    expect(found()).toBe("TMP/data/tensorflow/node_modules/@tensorflow/tfjs-node");
    await place("data/tensorflow/node_modules/@tensorflow/tfjs-node-gpu", "tfjs-node-gpu");
    expect(found()).toBe("TMP/data/tensorflow/node_modules/@tensorflow/tfjs-node-gpu");
    vi.stubEnv("VAE_TENSORFLOW", join(root, "data/tensorflow/node_modules/@tensorflow/tfjs-node"));
    expect(found()).toBe("TMP/data/tensorflow/node_modules/@tensorflow/tfjs-node");
  });

  test("in the user's data folder", async () => {
    vi.stubEnv("VAE_TENSORFLOW", undefined);
    expect(tensorflowFolder()).toBe(join(root, "home/vae/tensorflow"));
    await place("home/vae/tensorflow/node_modules/@tensorflow/tfjs-node");
    expect(found()).toBe("TMP/home/vae/tensorflow/node_modules/@tensorflow/tfjs-node");
  });

  test("the newest addon that this Node can run", async () => {
    const folder = "data/tensorflow/node_modules/@tensorflow/tfjs-node";
    for (const napi of [3, 8, 999]) await place(folder, "tfjs-node", napi);
    expect(findInstallation().binding).toBe(join(root, folder, "lib/napi-v8/tfjs_binding.node"));
  });

  test("an addon that is missing, and one that cannot be loaded", async () => {
    await put("data/tensorflow/node_modules/@tensorflow/tfjs-node/package.json", packageFile("tfjs-node"));
    const load = () => failureOf(tensorflow.load({ threads: 1 }), root);
    expect(await load()).toMatch(
      /TMP\/.*\/tfjs-node has no native part \(its install script did not run, or failed\)/,
    );
    await place("data/tensorflow/node_modules/@tensorflow/tfjs-node");
    expect(await load()).toMatch(
      /^failure: TensorFlow in TMP\/.* could not be loaded: .*file too short\. If it was moved/,
    );
  });
});

describe("why there is no GPU", () => {
  test.each([
    [
      "TensorFlow 2.9 without CUDA 11",
      "W tensorflow/stream_executor/platform/default/dso_loader.cc:64] Could not load dynamic library " +
        "'libcudart.so.11.0'; dlerror: libcudart.so.11.0: cannot open shared object file: No such file or directory\n" +
        "W tensorflow/stream_executor/platform/default/dso_loader.cc:64] Could not load dynamic library 'libcuda.so.1'; " +
        "dlerror: libcuda.so.1: cannot open shared object file\n",
      /^CUDA libraries could not be loaded: libcudart\.so\.11\.0\. `vae setup tensorflow --cuda` /,
    ],
    [
      "several libraries, TensorRT among them",
      "Could not load dynamic library 'libcudnn.so.9'; dlerror: …\nCould not load dynamic library 'libnvinfer.so.8'; …\n" +
        "Could not load dynamic library 'libcusolver.so.11'; dlerror: …\nCould not load dynamic library 'libcudnn.so.9'; …\n" +
        "Cannot dlopen some GPU libraries. Please make sure the missing libraries mentioned above are installed",
      /^CUDA libraries could not be loaded: libcudnn\.so\.9, libcusolver\.so\.11\. /,
    ],
    [
      "no driver",
      "Could not find cuda drivers on your machine, GPU will not be used.",
      /^No NVIDIA driver was found/,
    ],
    [
      "no driver, by its library",
      "Could not load dynamic library 'libcuda.so.1'; dlerror: …",
      /^No NVIDIA driver /,
    ],
    [
      "a driver that fails",
      "failed call to cuInit: CUDA_ERROR_UNKNOWN: unknown error",
      /^CUDA did not start: failed call to cuInit: CUDA_ERROR_UNKNOWN: unknown error\.$/,
    ],
    [
      "a build for the CPU",
      "oneDNN custom operations are on.",
      /^This TensorFlow was built for the CPU alone\./,
    ],
  ])("%s", (_, text, reason) => {
    expect(whyNoGpu(text, "0")).toMatch(reason);
  });

  test("the user hides it", () => {
    expect(whyNoGpu("", "-1")).toBe('CUDA_VISIBLE_DEVICES is "-1", which hides every GPU.');
    expect(typeof hasNvidiaCard()).toBe("boolean");
  });
});
