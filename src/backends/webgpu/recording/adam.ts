import { adamShader } from "../adam.ts";
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

/** Over all parameters at once: parameters, moments and gradients each lie in one buffer. */
export const latchedAdam = adamShader("LatchedAdam", { latched: true });
