import type { BackendWasm } from "@tensorflow/tfjs-backend-wasm";
import { binaries as adam } from "./adamSimd.ts";
import { compile, memoryKind } from "./binary.ts";
import { binaries as elementwise } from "./elementwiseSimd.ts";
import type { WasmModule } from "./glue.ts";
import { moduleOf } from "./heap.ts";
import { Helpers } from "./helpers.ts";
import { compileMatmul } from "./matmulSimd.ts";
import { functionNames, type SimdCall } from "./simdCall.ts";

/** What `matmul.wat` lays a panel out in: 8 columns of 1,024 numbers. */
const SCRATCH_BYTES = 4 * 8 * 1024;

/** Our own functions over the memory of one module, on this thread and on helpers. */
export interface Simd {
  /** On this thread. */
  call(...call: SimdCall): void;
  /** On all threads. The calls do not depend on each other, nor write different numbers to one place. */
  share(calls: readonly SimdCall[]): void;
  /** Where two groups of four numbers are free to be used for a moment. */
  readonly scratch: number;
}

const perModule = new WeakMap<WasmModule, Simd>();

export function simd(backend: BackendWasm): Simd {
  const wasm = moduleOf(backend);
  let bound = perModule.get(wasm);
  if (!bound) {
    bound = bind(wasm);
    perModule.set(wasm, bound);
  }
  return bound;
}

function bind({ wasmMemory, tfjs, _malloc }: WasmModule): Simd {
  const kind = memoryKind(wasmMemory);
  const modules = [compileMatmul(wasmMemory), compile(adam[kind]), compile(elementwise[kind])];
  const count = kind === "shared" ? tfjs.getThreadsCount() - 1 : 0;
  const panels = _malloc((count + 1) * SCRATCH_BYTES) >>> 0;
  const helpers = new Helpers(
    modules,
    { memory: wasmMemory, scratch: panels, scratchSize: SCRATCH_BYTES },
    functionNames,
    count,
  );
  return {
    call: (name, ...numbers) => helpers.functions[name](...numbers),
    share: (calls) => helpers.run(calls),
    scratch: _malloc(32) >>> 0,
  };
}
