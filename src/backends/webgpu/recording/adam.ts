import { ATTRS, THREADS, UPDATE } from "../adam.ts";
import { Shader } from "../shader.ts";

/**
 * Sets the latch where a number of the report is not finite: all the bits of its exponent are set then. By the bits, as
 * compilers of shaders may assume that numbers are finite. Nothing of the recording resets the latch.
 */
export const latchNonFinite = new Shader(
  "LatchNonFinite",
  `
  @group(0) @binding(0) var<storage, read> report: array<u32>;
  @group(0) @binding(1) var<storage, read_write> latch: array<u32>;

  @compute @workgroup_size(1)
  fn main() {
    for (var k = 0u; k < arrayLength(&report); k++) {
      if ((report[k] & 0x7f800000u) == 0x7f800000u) { latch[0] = 1u; }
    }
  }`,
);

/**
 * Adam over all parameters at once, see `adamStep`: parameters, moments and gradients each lie in one buffer. Once the
 * latch is set, nothing is updated.
 */
export const latchedAdam = new Shader(
  "LatchedAdam",
  `${ATTRS}
  @group(0) @binding(0) var<storage, read_write> param: array<f32>;
  @group(0) @binding(1) var<storage, read_write> m: array<f32>;
  @group(0) @binding(2) var<storage, read_write> v: array<f32>;
  @group(0) @binding(3) var<storage, read> grad: array<f32>;
  @group(0) @binding(4) var<storage, read> latch: array<u32>;
  @group(0) @binding(5) var<uniform> attrs: Attrs;

  @compute @workgroup_size(${THREADS})
  fn main(@builtin(global_invocation_id) id: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>) {
    if (latch[0] != 0u) { return; }
    for (var i = id.x; i < arrayLength(&param); i += groups.x * ${THREADS}u) {${UPDATE}
    }
  }`,
);
