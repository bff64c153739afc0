import { spawn } from "node:child_process";
import { accessSync, appendFileSync, constants, statSync } from "node:fs";
import { delimiter, join } from "node:path";
import { VaeError } from "../../../base/errors.ts";

/** How the steps of a setup run programs: what these print goes to a log file. */
export interface Tools {
  /** Resolves to what the program printed on stdout; throws the end of its output where it fails. */
  run(program: string, args: readonly string[], options?: { cwd?: string }): Promise<string>;
}

const LINES_SHOWN = 12;

export function createTools(log: string, signal: AbortSignal): Tools {
  return {
    run(program, args, { cwd } = {}) {
      const command = [program, ...args].join(" ");
      appendFileSync(log, `$ ${command}\n`);
      return new Promise((resolve, reject) => {
        const child = spawn(program, args, {
          cwd,
          signal,
          killSignal: "SIGINT", // at which pip removes its temporary files
          stdio: ["ignore", "pipe", "pipe"],
        });
        let stdout = "";
        let output = "";
        const collect = (text: string) => {
          output += text;
          appendFileSync(log, text);
        };
        child.stdout.setEncoding("utf8").on("data", (text: string) => {
          stdout += text;
          collect(text);
        });
        child.stderr.setEncoding("utf8").on("data", collect);
        child.on("error", (error) => {
          // Of an interruption we hear twice: now, and by "close" when the program has stopped writing files.
          if (!signal.aborted)
            reject(new VaeError("failure", `${program} could not be run: ${error.message}.`));
        });
        child.on("close", (code, killedBy) => {
          if (code === 0) resolve(stdout);
          else reject(new ToolError(program, code ?? killedBy, output, log));
        });
      });
    },
  };
}

/** A program that ran and failed. */
export class ToolError extends VaeError {
  readonly output: string;

  constructor(program: string, status: number | string | null, output: string, log: string) {
    const end = output.trimEnd().split("\n").slice(-LINES_SHOWN);
    super(
      "failure",
      `${program} failed (${status}). All it printed is in ${log}; the end of it:\n${end.map((line) => `  ${line}`).join("\n")}`,
    );
    this.output = output;
  }
}

/** The path of the C++ compiler, or an error with all that is missing. */
export function findTools({ pip }: { pip: boolean }): string {
  if (process.platform !== "linux") {
    throw new VaeError(
      "failure",
      `\`vae setup tensorflow\` is for Linux, and this is ${process.platform}. Install @tensorflow/tfjs-node beside vae ` +
        "instead, or use the backend webgpu or wasm, which need no setup.",
    );
  }
  const compiler = process.env["CXX"] || findProgram("g++", "c++", "clang++");
  const missing = [
    !compiler && "a C++ compiler: g++, c++ or clang++ (Debian, Ubuntu: `apt install g++`)",
    !findProgram("npm") && "npm, which comes with Node",
    !findProgram("tar") && "tar",
    pip && !findProgram("python3") && "python3 with pip; or give a TensorFlow that is here with --from",
  ].filter((line) => line !== false);
  if (!compiler || missing.length > 0) {
    throw new VaeError("failure", `Not found on PATH: ${missing.join("; ")}.`);
  }
  return compiler;
}

/** Where the first of `programs` lies that is on PATH. */
function findProgram(...programs: string[]): string | undefined {
  const folders = (process.env["PATH"] ?? "").split(delimiter).filter(Boolean);
  return programs.flatMap((program) => folders.map((folder) => join(folder, program))).find(isExecutable);
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return statSync(path).isFile();
  } catch {
    return false;
  }
}
