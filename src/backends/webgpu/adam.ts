import type { AdamAttrs } from "../adam.ts";

/** Threads of a workgroup, and workgroups of a dispatch, that every WebGPU device can do. */
export const THREADS = 256;
const MAX_WORKGROUPS = 65535;

/** Enough for a thread for each element, as long as the device can do them. */
export const workgroupsFor = (size: number) => Math.min(MAX_WORKGROUPS, Math.ceil(size / THREADS));

/** Adam's numbers in a shader, and the update of element `i` of `param`, `m` and `v` from `grad`. */
export const ATTRS = `
  struct Attrs {
    scale: f32, beta1: f32, rest1: f32, beta2: f32, rest2: f32, learningRate: f32, unbias2: f32, epsilon: f32,
  }`;
export const UPDATE = `
      let g = attrs.scale * grad[i];
      m[i] = attrs.beta1 * m[i] + attrs.rest1 * g;
      v[i] = attrs.beta2 * v[i] + attrs.rest2 * g * g;
      param[i] -= attrs.learningRate * m[i] / (sqrt(attrs.unbias2 * v[i]) + attrs.epsilon);`;

/** The values of `ATTRS`. */
export function attrsOf({ learningRate, beta1, beta2, epsilon, step, scale }: AdamAttrs): number[] {
  // The corrections for the bias of the moments: of the first in the learning rate, of the second by itself.
  const [unbias1, unbias2] = [1 / (1 - beta1 ** step), 1 / (1 - beta2 ** step)];
  return [scale, beta1, 1 - beta1, beta2, 1 - beta2, learningRate * unbias1, unbias2, epsilon];
}
