import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { compileFunction } from "node:vm";
import { ThreadPool } from "./threadPool.ts";

/** What this project uses of a module made by Emscripten; `tfjs` is what `BackendWasm` calls. */
export interface WasmModule {
  cwrap(name: string, result: string | null, parameters: string[]): (...values: unknown[]) => number;
  _malloc(bytes: number): number;
  wasmMemory: { readonly buffer: ArrayBuffer | SharedArrayBuffer };
  tfjs: {
    init(): void;
    initWithThreadsCount(threads: number): void;
    getThreadsCount(): number;
    registerTensor(id: number, size: number, memoryOffset: number): void;
    disposeData(id: number): void;
    dispose(): void;
  };
}

type Factory = (config: object) => Promise<WasmModule>;

const require = createRequire(import.meta.url);

/**
 * Instantiates TensorFlow.js's own WebAssembly build with `threads` threads (one: the build without them).
 *
 * The package switches threads off in Node (tfjs issue 3830), because its start code hands `blob:` addresses to
 * `worker_threads`. So its start code, the CommonJS file that Emscripten wrote ("glue"), is loaded here with
 * surroundings of our own. They also keep the glue's hands off the process: it would replace `globalThis.Worker` and
 * install `uncaughtException` and `unhandledRejection` handlers that rethrow, which spoils every error message.
 */
export async function instantiate(threads: number): Promise<WasmModule> {
  const folder = join(dirname(require.resolve("@tensorflow/tfjs-backend-wasm/package.json")), "wasm-out");
  const binary = threads > 1 ? "tfjs-backend-wasm-threaded-simd.wasm" : "tfjs-backend-wasm-simd.wasm";
  // The file tfjs-backend-wasm-simd.js refuses to start; its plain sibling is the same and starts both binaries.
  const glue = join(folder, threads > 1 ? "tfjs-backend-wasm-threaded-simd.js" : "tfjs-backend-wasm.js");
  const pool = threads > 1 ? new ThreadPool(workerSource(folder), threads - 1) : undefined;

  const module = { exports: {} as Factory };
  const surroundings = {
    module,
    exports: module.exports,
    require: (name: string) => {
      if (name === "worker_threads") return { Worker: pool?.Worker };
      // The C++ side limits itself to half the processors it is told of.
      if (name === "os") return { cpus: () => ({ length: 2 * threads }) };
      return require(name);
    },
    process: Object.create(process, { on: { value: () => {} } }),
    global: {},
    Worker: pool?.Worker,
    __filename: glue,
    __dirname: folder,
  };
  const run = compileFunction(readFileSync(glue, "utf8"), Object.keys(surroundings), { filename: glue });
  run(...Object.values(surroundings));

  const wasmBinary = readFileSync(join(folder, binary));
  const start = async () => module.exports({ wasmBinary, mainScriptUrlOrBlob: glue }); // workers load it too
  const wasm = await (pool ? pool.guard(start()) : startWithMemory(module.exports, wasmBinary));
  wasm.tfjs = {
    init: wasm.cwrap("init", null, []),
    initWithThreadsCount: wasm.cwrap("init_with_threads_count", null, ["number"]),
    getThreadsCount: wasm.cwrap("get_threads_count", "number", []),
    registerTensor: wasm.cwrap("register_tensor", null, ["number", "number", "number"]),
    disposeData: wasm.cwrap("dispose_data", null, ["number"]),
    dispose: wasm.cwrap("dispose", null, []),
  };
  return wasm;
}

/** What of `WebAssembly` is used; its types come with browsers only. */
declare const WebAssembly: {
  Module: new (bytes: Uint8Array) => object;
  Instance: new (
    module: object,
    imports: object,
  ) => { readonly exports: { readonly memory: WasmModule["wasmMemory"] } };
};

/** The build without threads keeps its memory to itself, unless it is instantiated by hand. */
async function startWithMemory(factory: Factory, wasmBinary: Uint8Array): Promise<WasmModule> {
  let memory!: WasmModule["wasmMemory"];
  const wasm = await factory({
    instantiateWasm(imports: object, receive: (instance: object) => void) {
      const instance = new WebAssembly.Instance(new WebAssembly.Module(wasmBinary), imports);
      memory = Object.values(instance.exports).find((e) => "buffer" in Object(e))!;
      receive(instance);
      return instance.exports;
    },
  });
  wasm.wasmMemory = memory;
  return wasm;
}

/** The text that each worker runs; in the package it is a template string that lost its escapes. */
function workerSource(folder: string): string {
  const { wasmWorkerContents } = require(join(folder, "tfjs-backend-wasm-threaded-simd.worker.js"));
  return (wasmWorkerContents as string).replace(/\n/g, "\\n");
}
