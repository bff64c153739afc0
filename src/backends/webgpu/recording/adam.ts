import { ATTRS, THREADS, UPDATE } from "../adam.ts";
import { Shader } from "../shader.ts";

/**
 * Adam over all parameters at once, see `adamStep`: parameters, moments and gradients each lie in one buffer. Where a
 * number of the report is not finite, all the bits of its exponent are set, and nothing is updated. By the bits, as
 * compilers of shaders may assume that numbers are finite.
 */
export const guardedAdam = new Shader(
  "GuardedAdam",
  `${ATTRS}
  @group(0) @binding(0) var<storage, read_write> param: array<f32>;
  @group(0) @binding(1) var<storage, read_write> m: array<f32>;
  @group(0) @binding(2) var<storage, read_write> v: array<f32>;
  @group(0) @binding(3) var<storage, read> grad: array<f32>;
  @group(0) @binding(4) var<storage, read> report: array<u32>;
  @group(0) @binding(5) var<uniform> attrs: Attrs;

  @compute @workgroup_size(${THREADS})
  fn main(@builtin(global_invocation_id) id: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>) {
    for (var k = 0u; k < arrayLength(&report); k++) {
      if ((report[k] & 0x7f800000u) == 0x7f800000u) { return; }
    }
    for (var i = id.x; i < arrayLength(&param); i += groups.x * ${THREADS}u) {${UPDATE}
    }
  }`,
);
