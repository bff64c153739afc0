/** [0, n) in ranges of `size` or a little less, each a multiple of `unit` but the last. */
export function ranges(n: number, unit: number, size: number): [from: number, to: number][] {
  const count = Math.max(1, Math.ceil(n / size));
  const step = unit * Math.ceil(n / (unit * count));
  return Array.from({ length: Math.ceil(n / step) }, (_, i) => [i * step, Math.min(n, (i + 1) * step)]);
}
