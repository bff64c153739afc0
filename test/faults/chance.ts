/** Repeatable chance (mulberry32): whole numbers below a bound, and one or some of several. */
export function chance(seed: number) {
  let state = seed;
  const below = (bound: number): number => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) % bound;
  };
  const one = <T>(items: readonly T[]): T => items[below(items.length)]!;
  /** Of as many items as there are at most, in their order. */
  const some = <T>(items: readonly T[], n: number): T[] => {
    const rest = items.map((_, i) => i);
    const chosen = Array.from(
      { length: Math.min(n, items.length) },
      () => rest.splice(below(rest.length), 1)[0]!,
    );
    return chosen.toSorted((a, b) => a - b).map((i) => items[i]!);
  };
  return { below, one, some };
}
