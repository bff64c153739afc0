/** The share that is classified rightly, with its standard error over what is classified. */
export interface Accuracy {
  readonly accuracy: number;
  readonly standardError: number;
}

export function accuracyOf(right: number, count: number): Accuracy {
  const accuracy = right / count;
  return { accuracy, standardError: Math.sqrt((accuracy * (1 - accuracy)) / count) };
}

/** How many of the nearest vote. */
export const NEIGHBOURS = 5;

/**
 * The class of K that most of the 5 nearest have, of several the one with the nearest of all. `distance` is that of example
 * i; from `farthest` on, beyond which none is among the nearest, it need not be exact.
 */
export function vote(
  labels: ArrayLike<number>,
  K: number,
  distance: (i: number, farthest: number) => number,
): number {
  const nearest: { distance: number; label: number }[] = [];
  let farthest = Number.POSITIVE_INFINITY;
  for (let i = 0; i < labels.length; i++) {
    const own = distance(i, farthest);
    if (own >= farthest) continue;
    const place = nearest.findIndex((other) => other.distance > own);
    nearest.splice(place < 0 ? nearest.length : place, 0, { distance: own, label: labels[i]! });
    if (nearest.length > NEIGHBOURS) nearest.pop();
    if (nearest.length === NEIGHBOURS) farthest = nearest[NEIGHBOURS - 1]!.distance;
  }
  const votes = new Array<number>(K).fill(0);
  for (const { label } of nearest) votes[label]!++;
  const most = Math.max(...votes);
  return nearest.find(({ label }) => votes[label] === most)!.label;
}
