import { type AdamAttrs, adamStep, squaredNorm } from "../../backends/index.ts";
import * as tf from "../../tensors/tf.ts";
import { reference, sum } from "../reference.ts";
import type { OperationCase } from "./operation.ts";

const ATTRS: AdamAttrs = { learningRate: 0.1, beta1: 0.9, beta2: 0.99, epsilon: 1e-3, step: 3, scale: 0.5 };
const SHAPE = [3, 23];

/** What updates the weights; nothing is differentiated any more. */
export const optimizerCases: readonly OperationCase[] = [
  {
    name: "Adam",
    shapes: [SHAPE, SHAPE, SHAPE, SHAPE],
    run(...inputs) {
      const [p, m, root, grad] = inputs as [tf.Tensor, tf.Tensor, tf.Tensor, tf.Tensor];
      const slot = { param: tf.variable(p), m: tf.variable(m), v: tf.variable(tf.square(root)), grad };
      adamStep([slot], ATTRS);
      const updated = tf.stack([slot.param, slot.m, slot.v]);
      tf.dispose([slot.param, slot.m, slot.v]);
      return updated;
    },
    expected(...inputs) {
      const [p, m, root, grad] = inputs.map(({ data }) => data) as [
        Float64Array,
        Float64Array,
        Float64Array,
        Float64Array,
      ];
      const { learningRate, beta1, beta2, epsilon, step, scale } = ATTRS;
      const newM = m.map((m, i) => beta1 * m + (1 - beta1) * scale * grad[i]!);
      const newV = root.map((r, i) => beta2 * r * r + (1 - beta2) * (scale * grad[i]!) ** 2);
      const newP = p.map((p, i) => {
        const deviation = Math.sqrt(newV[i]! / (1 - beta2 ** step));
        return p - (learningRate * newM[i]!) / (1 - beta1 ** step) / (deviation + epsilon);
      });
      return reference([3, ...SHAPE], [...newP, ...newM, ...newV]);
    },
    differentiable: false,
  },
  {
    name: "squared norm",
    shapes: [[9, 40], [7], []],
    run: (...xs) => squaredNorm(xs),
    expected: (...xs) => reference([], [sum(xs.flatMap(({ data }) => [...data.map((x) => x * x)]))]),
    differentiable: false,
  },
];
