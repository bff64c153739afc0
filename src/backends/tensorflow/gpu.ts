import { execFile } from "node:child_process";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";

const execute = promisify(execFile);

/** What a process of its own found when it opened a native addon. */
export interface Probe {
  /** TensorFlow's version; undefined where it could not be loaded. */
  readonly version?: string;
  readonly gpu: boolean;
  /** What TensorFlow wrote to stderr; without a version, why it could not be loaded. */
  readonly log: string;
}

const PROBE = `
const binding = require(process.argv[1]);
process.stdout.write(JSON.stringify({ version: binding.TF_Version, gpu: binding.isUsingGpuDevice() }));
`;

/**
 * Opens the addon in a process of its own, with TensorFlow's messages. They are the only place where it names what it
 * lacks for a GPU, and they cannot be had from this process: native code writes them, and only while it starts.
 */
export async function probe(binding: string): Promise<Probe> {
  const env = { ...process.env, TF_CPP_MIN_LOG_LEVEL: "0", TF_CPP_VMODULE: "dso_loader=1" };
  try {
    const { stdout, stderr } = await execute(process.execPath, ["-e", PROBE, binding], { env });
    return { ...(JSON.parse(stdout) as { version: string; gpu: boolean }), log: stderr };
  } catch (error) {
    const { stderr, signal, message } = error as { stderr?: string; signal?: string; message: string };
    return { gpu: false, log: [stderr || message, signal ?? ""].join("\n").trim() };
  }
}

/** Why TensorFlow uses no GPU, in one sentence; `log` is what it wrote when it looked for one. */
export function whyNoGpu(log: string, visible = process.env["CUDA_VISIBLE_DEVICES"]): string {
  if (visible === "" || visible === "-1") {
    return `CUDA_VISIBLE_DEVICES is ${JSON.stringify(visible)}, which hides every GPU.`;
  }
  const missing = new Set(
    [...log.matchAll(/Could not load dynamic library '([^']+)'/g)].map(([, name]) => name!),
  );
  const isDriver = (name: string) => /^libcuda\.so|^libnvidia-ml/.test(name);
  // TensorFlow asks for TensorRT as well, and does without.
  const libraries = [...missing].filter((name) => !isDriver(name) && !name.startsWith("libnvinfer"));
  if (libraries.length > 0) {
    return (
      `CUDA libraries could not be loaded: ${libraries.join(", ")}. \`vae setup tensorflow --cuda\` brings them along; ` +
      "or install them and name their folder in LD_LIBRARY_PATH."
    );
  }
  if (
    [...missing].some(isDriver) ||
    /Could not find cuda drivers|no CUDA-capable device|CUDA_ERROR_NO_DEVICE/i.test(log)
  ) {
    return "No NVIDIA driver was found (libcuda.so.1), or it knows no GPU: `nvidia-smi` must list one.";
  }
  const failure = /failed call to cuInit: .*|CUDA_ERROR_\w+.*|Cannot dlopen some GPU libraries/.exec(log);
  if (failure) return `CUDA did not start: ${failure[0].trim()}.`;
  return "This TensorFlow was built for the CPU alone. `vae setup tensorflow --cuda` installs one with CUDA.";
}

/** Whether the system knows an NVIDIA card, with or without a working CUDA. */
export const hasNvidiaCard = () => existsSync("/proc/driver/nvidia/version") || existsSync("/dev/nvidia0");

/** The card in use, as its driver names it. */
export async function gpuName(): Promise<string> {
  const index = process.env["CUDA_VISIBLE_DEVICES"]?.split(",")[0] ?? "0";
  try {
    const query = ["--query-gpu=name", "--format=csv,noheader", `--id=${index}`];
    return (await execute("nvidia-smi", query)).stdout.trim().split("\n")[0]!;
  } catch {
    return modelOfFirstCard() ?? "NVIDIA GPU";
  }
}

/** Containers often lack nvidia-smi. */
function modelOfFirstCard(root = "/proc/driver/nvidia/gpus"): string | undefined {
  if (!existsSync(root)) return undefined;
  const [card] = readdirSync(root);
  return card && /^Model:\s*(.+)$/m.exec(readFileSync(join(root, card, "information"), "utf8"))?.[1];
}
