import { batchMatMul } from "./batchMatMul.ts";
import { installConvGradients } from "./convGradients.ts";
import { elementwise } from "./elementwise.ts";
import { registerFusedKernels } from "./fused.ts";
import { fusedMatMul } from "./fusedMatMul.ts";
import { identity } from "./identity.ts";
import { interleaving } from "./interleave.ts";
import { install, type Repair } from "./kernel.ts";
import { maxPoolGrad } from "./maxPoolGrad.ts";
import { sum } from "./sum.ts";
import { tile } from "./tile.ts";
import { transpose } from "./transpose.ts";

/** The package's kernels that are replaced, because they are wrong or slow; each file says which. */
const repairs: readonly Repair[] = [
  batchMatMul,
  ...elementwise,
  fusedMatMul,
  identity,
  ...interleaving,
  maxPoolGrad,
  sum,
  tile,
  transpose,
];

export function installRepairs(): void {
  for (const repair of repairs) install(repair);
  installConvGradients();
  registerFusedKernels();
}
