import * as tf from "../../tensors/tf.ts";
import type { AdamAttrs } from "../adam.ts";
import type { Binding, NodeBackend } from "./tfjsNode.ts";

/**
 * Registers the kernel behind `adamStep`: TensorFlow's own `ResourceApplyAdam`, one pass over memory instead of 14.
 *
 * That operation works on TensorFlow variables, which TensorFlow.js does not have: its variables are tensors. So three
 * TensorFlow variables are borrowed in turn for θ, m and v; assigning to them and reading them moves no numbers.
 */
export function registerAdamKernel(binding: Binding): void {
  if (tf.getKernel("Adam", "tensorflow")) return;
  const { TF_ATTR_BOOL, TF_ATTR_TYPE, TF_FLOAT } = binding;
  const number = numberTensors(binding);
  let borrowed: number[] | undefined;

  tf.registerKernel({
    kernelName: "Adam",
    backendName: "tensorflow",
    kernelFunc(call) {
      const backend = call.backend as NodeBackend;
      const { param, m, v, grad } = call.inputs as Record<"param" | "m" | "v" | "grad", tf.TensorInfo>;
      const changed = [param, m, v];
      const [gradId] = backend.getInputTensorIds([grad]);
      const ids = backend.getInputTensorIds(changed);
      borrowed ??= changed.map((_, i) => createVariable(binding, `adam-${i}`));
      for (const [i, variable] of borrowed.entries()) {
        binding.executeOp("AssignVariableOp", [dtype(binding)], [variable, ids[i]!], 0);
        // Without another reference to the memory, TensorFlow changes it in place.
        binding.deleteTensor(ids[i]!);
      }
      const { scale, ...rest } = call.attrs as unknown as AdamAttrs;
      const scaled = scale === 1 ? undefined : multiply(binding, gradId!, number("scale", scale));
      try {
        binding.executeOp(
          "ResourceApplyAdam",
          [
            { name: "T", type: TF_ATTR_TYPE, value: TF_FLOAT },
            { name: "use_locking", type: TF_ATTR_BOOL, value: false },
            { name: "use_nesterov", type: TF_ATTR_BOOL, value: false },
          ],
          [...borrowed, ...constants(rest, number), scaled ?? gradId!],
          0,
        );
      } finally {
        for (const [i, { dataId }] of changed.entries()) {
          const [handle] = binding.executeOp("ReadVariableOp", [dtype(binding)], [borrowed[i]!], 1);
          backend.tensorMap.get(dataId).id = handle!.id;
        }
        if (scaled !== undefined) binding.deleteTensor(scaled);
      }
      return [];
    },
  });
}

/**
 * TensorFlow computes θ ← θ − η √(1 − β₂ᵗ) / (1 − β₁ᵗ) · m / (√v + ε'), with βᵗ given and ε' outside of the bias
 * correction. Here the correction is put into η, with βᵗ given as 0; so ε' = ε √(1 − β₂ᵗ). β is rounded to float32
 * first, as in TensorFlow's m and v: for β₂ = 0.999, (1 − β₂) is then 1.3e-5 less, which the correction takes out.
 */
export function biasCorrected({ learningRate, beta1, beta2, epsilon, step }: Omit<AdamAttrs, "scale">) {
  const correction1 = 1 - Math.fround(beta1) ** step;
  const correction2 = Math.sqrt(1 - Math.fround(beta2) ** step);
  return { learningRate: (learningRate * correction2) / correction1, epsilon: epsilon * correction2 };
}

/** The scalar inputs of `ResourceApplyAdam` after the variables, in its order. */
function constants(
  attrs: Omit<AdamAttrs, "scale">,
  number: (name: string, value: number) => number,
): number[] {
  const { learningRate, epsilon } = biasCorrected(attrs);
  const zero = number("zero", 0);
  return [
    zero,
    zero,
    number("learningRate", learningRate),
    number("beta1", attrs.beta1),
    number("beta2", attrs.beta2),
    number("epsilon", epsilon),
  ];
}

/** Scalars on the device, each kept until its value changes: the parameters of one step share them. */
function numberTensors(binding: Binding): (name: string, value: number) => number {
  const kept = new Map<string, { value: number; id: number }>();
  return (name, value) => {
    const before = kept.get(name);
    if (before?.value === value) return before.id;
    if (before) binding.deleteTensor(before.id);
    const id = binding.createTensor([], binding.TF_FLOAT, Float32Array.of(value));
    kept.set(name, { value, id });
    return id;
  };
}

function multiply(binding: Binding, a: number, b: number): number {
  const T = { name: "T", type: binding.TF_ATTR_TYPE, value: binding.TF_FLOAT };
  return binding.executeOp("Mul", [T], [a, b], 1)[0]!.id;
}

/** Its shape is that of what it is assigned; the one named here binds nobody. */
function createVariable(binding: Binding, name: string): number {
  const attrs = [
    dtype(binding),
    { name: "shape", type: binding.TF_ATTR_SHAPE, value: [] },
    { name: "shared_name", type: binding.TF_ATTR_STRING, value: name },
    { name: "container", type: binding.TF_ATTR_STRING, value: "" },
  ];
  return binding.executeOp("VarHandleOp", attrs, [], 1)[0]!.id;
}

const dtype = (binding: Binding) => ({
  name: "dtype",
  type: binding.TF_ATTR_TYPE,
  value: binding.TF_FLOAT,
});
