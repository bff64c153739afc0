import * as tf from "../../../tensors/tf.ts";
import { clipped } from "../../adam.ts";
import { mapValues, type StepSettings, type UpdateRule } from "../../optimizer.ts";
import { workgroupsFor } from "../adam.ts";
import type { GuardedBackend } from "../guarded.ts";
import type { Shader } from "../shader.ts";
import type { Allocation } from "./allocation.ts";
import { type Command, commandsOf } from "./command.ts";
import { keepUpdate } from "./latch.ts";
import { trace } from "./trace.ts";

/** How an optimiser changes all parameters at once: parameters, state and gradients each lie in one buffer. */
export interface FlatUpdate {
  /** The numbers of a step as the commands read them, always as many. */
  numbers(at: StepSettings): readonly number[];
  commands(buffers: FlatBuffers, tools: UpdateTools): Command[];
}

export interface FlatBuffers {
  readonly param: GPUBuffer;
  readonly gradient: GPUBuffer;
  /** In the order of the rule. */
  readonly state: readonly GPUBuffer[];
  readonly numbers: GPUBufferBinding;
  /** Once it is set, nothing changes any more. */
  readonly latch: GPUBuffer;
}

export interface UpdateTools {
  readonly backend: GuardedBackend;
  readonly allocation: Allocation;
  command(shader: Shader, bindings: readonly GPUBufferBinding[], workgroups: number): Command;
}

/** A step of any optimiser, traced on vectors of all elements; what it gives is copied back where the latch lets it. */
export const tracedUpdate = (rule: UpdateRule, clipNorm: number): FlatUpdate => ({
  numbers: (at) => Object.values(rule.numbers(at)),
  commands({ param, gradient, state, numbers, latch }, { backend, allocation, command }) {
    const given = [param, gradient, ...state].map((buffer) => ({ buffer }));
    const count = numbers.size! / 4;
    const vectors = [...given.map(() => param.size / 4), count].map((length) => ({
      shape: [length],
      dtype: "float32" as const,
    }));
    const traced = trace(backend, vectors, ([param, grad, ...others]) =>
      updateOf(rule, clipNorm, {
        param: param!,
        grad: grad!,
        state: others.slice(0, -1),
        numbers: others.at(-1)!,
      }),
    );
    for (const [i, binding] of [...given, numbers].entries()) allocation.bind(traced.inputs[i]!, binding);
    allocation.bindAll(traced.dispatches, traced.results);
    const computed = commandsOf(backend.device, traced.dispatches, allocation);
    const copied = [param, ...state].flatMap((buffer, i) => {
      const updated = allocation.bindingOf(traced.results[i]!);
      if (updated.buffer === buffer) return [];
      return [command(keepUpdate, [updated, { buffer }, { buffer: latch }], workgroupsFor(param.size / 4))];
    });
    return [...computed, ...copied];
  },
});

/** The parameters and the state after a step, in this order. */
function updateOf(
  rule: UpdateRule,
  clipNorm: number,
  now: { param: tf.Tensor; grad: tf.Tensor; state: readonly tf.Tensor[]; numbers: tf.Tensor },
): tf.Tensor[] {
  const [grad] = clipNorm > 0 ? clipped([now.grad], clipNorm) : [now.grad];
  const state = Object.fromEntries(rule.state.map((name, i) => [name, now.state[i]!]));
  const numbers = mapValues(rule.numbers({ learningRate: 1, step: 1 }), (_, i) =>
    tf.reshape<tf.Rank.R0>(tf.slice(now.numbers, [i], [1]), []),
  );
  const next = rule.update({ param: now.param, grad: grad!, state, numbers });
  return [next.param, ...rule.state.map((name) => next.state[name]!)];
}
