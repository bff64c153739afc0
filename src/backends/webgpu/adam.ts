import { type AdamAttrs, keptShare } from "../adam.ts";
import { Shader } from "./shader.ts";

/** Threads of a workgroup, and workgroups of a dispatch, that every WebGPU device can do. */
export const THREADS = 256;
const MAX_WORKGROUPS = 65535;

/** Enough for a thread for each element, as long as the device can do them. */
export const workgroupsFor = (size: number) => Math.min(MAX_WORKGROUPS, Math.ceil(size / THREADS));

/** Code that adds up what the threads of a workgroup have in `subtotals`, in the same order each time. */
export const ADD_SUBTOTALS = `
    for (var width = ${THREADS / 2}u; width > 0u; width /= 2u) {
      workgroupBarrier();
      if (thread < width) { subtotals[thread] += subtotals[thread + width]; }
    }
    workgroupBarrier();`;

/** What an update of Adam does besides. */
export interface AdamExtension {
  /** Bindings from 5 on, and what else `before` needs. */
  readonly declarations?: string;
  /** Code that comes first and may change `scale`. */
  readonly before?: string;
  /** Whether parameters shrink to the share `keep` of them. */
  readonly decays?: boolean;
}

/** Adam on the elements of `param`, `m` and `v` from `grad`, see `adamStep`; `attrsOf` gives binding 4. */
export function adamShader(
  name: string,
  { declarations = "", before = "", decays = false }: AdamExtension = {},
): Shader {
  return new Shader(
    name,
    `
  struct Attrs {
    scale: f32, beta1: f32, rest1: f32, beta2: f32, rest2: f32, learningRate: f32, unbias2: f32, epsilon: f32,
    keep: f32,
  }
  @group(0) @binding(0) var<storage, read_write> param: array<f32>;
  @group(0) @binding(1) var<storage, read_write> m: array<f32>;
  @group(0) @binding(2) var<storage, read_write> v: array<f32>;
  @group(0) @binding(3) var<storage, read> grad: array<f32>;
  @group(0) @binding(4) var<uniform> attrs: Attrs;
  ${declarations}

  @compute @workgroup_size(${THREADS})
  fn main(
    @builtin(global_invocation_id) id: vec3<u32>,
    @builtin(local_invocation_index) thread: u32,
    @builtin(num_workgroups) groups: vec3<u32>,
  ) {
    var scale = attrs.scale;
    ${before}
    for (var i = id.x; i < arrayLength(&param); i += groups.x * ${THREADS}u) {
      let g = scale * grad[i];
      m[i] = attrs.beta1 * m[i] + attrs.rest1 * g;
      v[i] = attrs.beta2 * v[i] + attrs.rest2 * g * g;
      ${decays ? "param[i] *= attrs.keep;" : ""}
      param[i] -= attrs.learningRate * m[i] / (sqrt(attrs.unbias2 * v[i]) + attrs.epsilon);
    }
  }`,
  );
}

/** The values of the shader's `attrs`. */
export function attrsOf(attrs: AdamAttrs): number[] {
  const { learningRate, beta1, beta2, epsilon, step, scale } = attrs;
  // The corrections for the bias of the moments: of the first in the learning rate, of the second by itself.
  const [unbias1, unbias2] = [1 / (1 - beta1 ** step), 1 / (1 - beta2 ** step)];
  const rate = learningRate * unbias1;
  return [scale, beta1, 1 - beta1, beta2, 1 - beta2, rate, unbias2, epsilon, keptShare(attrs)];
}
