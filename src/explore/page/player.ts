import "@tensorflow/tfjs-backend-cpu";
import { engine, type NamedTensorMap, setBackend, type Tensor, tensor, tidy } from "@tensorflow/tfjs-core";
import type { PageData, Program, ProgramName } from "../pageData.ts";
import { floatsOf } from "./numbers.ts";

/** Runs a program on its inputs: the outputs' values. */
export type Play = (name: ProgramName, ...inputs: readonly Float32Array[]) => Float32Array[];

/**
 * On the backend `cpu`, in plain JavaScript: exact to float32 on every device, which graphics cards of phones are not, and with
 * nothing to compile or wait for. A decode of the default network takes 3 ms.
 */
export async function startPlayer({
  programs,
  constants,
}: Pick<PageData, "programs" | "constants">): Promise<Play> {
  await setBackend("cpu");
  const known = constants.map(({ shape, dtype, data }) => {
    const values = floatsOf(data);
    const typed = { float32: values, int32: Int32Array.from(values), bool: Uint8Array.from(values) }[dtype];
    return tensor(typed, [...shape], dtype);
  });
  return (name, ...inputs) => {
    const outputs = tidy(() => run(programs[name], known, inputs));
    return outputs as unknown as Float32Array[];
  };
}

function run(
  program: Program,
  constants: readonly Tensor[],
  inputs: readonly Float32Array[],
): Float32Array[] {
  const places = new Map<string, Tensor>(constants.map((constant, i) => [`c${i}`, constant]));
  for (const [i, { shape, place }] of program.inputs.entries())
    places.set(place, tensor(inputs[i]!, [...shape]));
  for (const call of program.calls) {
    const named = Object.entries(call.inputs).map(([name, place]) => [name, places.get(place)!] as const);
    const inputs = Array.isArray(call.inputs) ? named.map(([, value]) => value) : Object.fromEntries(named);
    const results = engine().runKernel(call.kernel, inputs as NamedTensorMap, call.attrs as never);
    for (const [i, result] of [results].flat().entries()) places.set(call.outputs[i]!, result as Tensor);
  }
  return program.outputs.map((place) => places.get(place)!.dataSync() as Float32Array);
}
