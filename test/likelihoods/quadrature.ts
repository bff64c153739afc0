/** Gauss and Legendre with 16 nodes, exact for polynomials up to degree 31 on each interval. */

const NODES = 16;

/** Nodes and weights on [−1, 1], by Newton's method on the Legendre polynomial (DLMF 3.5(v), 18.9.1). */
const rule = Array.from({ length: NODES }, (_, i) => {
  let x = Math.cos((Math.PI * (i + 0.75)) / (NODES + 0.5));
  for (let step = 0; ; step++) {
    let [p, previous] = [1, 0];
    for (let n = 0; n < NODES; n++) [p, previous] = [((2 * n + 1) * x * p - n * previous) / (n + 1), p];
    const slope = (NODES * (x * p - previous)) / (x * x - 1);
    if (step === 10) return { x, weight: 2 / ((1 - x * x) * slope * slope) };
    x -= p / slope;
  }
});

/** Points and weights with Σ weight · f(x) ≈ ∫ f for an f that is smooth between the `breaks`. */
export function quadrature(breaks: readonly number[]): { x: number; weight: number }[] {
  return breaks.slice(1).flatMap((to, i) => {
    const from = breaks[i]!;
    const half = (to - from) / 2;
    return rule.map((node) => ({ x: from + half * (1 + node.x), weight: half * node.weight }));
  });
}
