/** Both ends of an axis and the distance between its ticks; the ends are multiples of the step. */
export interface AxisRange {
  min: number;
  max: number;
  step: number;
}

/** Share of the values that may be left outside an axis, and how much wider the axis would have to be to hold them. */
const OUTLIERS = 0.05;
const DWARFS = 8;
/** Nats: curves flatter than this are not worth cutting the axis for. */
const FLAT = 1;

/**
 * A range that keeps the curve readable: all of `values`, unless a few of them (the first epoch, mostly) would press the
 * others into a line. Then it is the narrowest range that holds 95 % of them, and some room towards the rest.
 */
export function readableRange(values: readonly number[], targetTicks = 5): AxisRange {
  if (values.length === 0) return { min: 0, max: 1, step: 0.2 };
  const sorted = [...values].sort((a, b) => a - b);
  const low = sorted[0]!;
  const high = sorted.at(-1)!;

  // Two at least, as an epoch has a value for training and one for validation; a quarter at most.
  const outliers = Math.min(Math.max(2, Math.floor(OUTLIERS * sorted.length)), Math.floor(sorted.length / 4));
  const kept = sorted.length - outliers;
  let core = { low, high };
  for (let i = 0; i <= outliers; i++) {
    const candidate = { low: sorted[i]!, high: sorted[i + kept - 1]! };
    if (candidate.high - candidate.low < core.high - core.low) core = candidate;
  }
  const spread = Math.max(core.high - core.low, FLAT);
  if (high - low <= DWARFS * spread) return niceRange(low, high, targetTicks);
  return niceRange(Math.max(low, core.low - spread / 4), Math.min(high, core.high + spread / 4), targetTicks);
}

/** The range widened to round ends, with about `targetTicks` steps of 1, 2 or 5 times a power of ten. */
export function niceRange(low: number, high: number, targetTicks = 5): AxisRange {
  // A single point, or two that hardly differ, should not fill the axis with a difference of no interest.
  const least = Math.max(0.02 * Math.max(Math.abs(low), Math.abs(high)), 0.01);
  if (high - low < least) {
    // The upper end moves further, for a rate of 0 has room on that side only.
    const room = (least - (high - low)) / 2;
    return niceRange(low >= 0 ? Math.max(0, low - room) : low - room, high + 2 * room, targetTicks);
  }
  return roundRange(low, high, targetTicks);
}

/** The same however small the difference, which is not 0. */
export function roundRange(low: number, high: number, targetTicks = 5): AxisRange {
  const step = niceStep((high - low) / targetTicks);
  return { min: Math.floor(low / step) * step, max: Math.ceil(high / step) * step, step };
}

/** 1, 2 or 5 times a power of ten, near `rough` and rather above it: fewer ticks read better than more. */
function niceStep(rough: number): number {
  const power = 10 ** Math.floor(Math.log10(rough));
  const mantissa = rough / power;
  if (mantissa < 1.4) return power;
  if (mantissa < 2.8) return 2 * power;
  return mantissa < 7 ? 5 * power : 10 * power;
}

/** Whole-number ticks within [first, last]: every epoch when they are few, round ones otherwise. */
export function epochTicks(first: number, last: number, targetTicks = 7): number[] {
  const step = last - first < 10 ? 1 : Math.max(1, niceStep((last - first) / targetTicks));
  const ticks: number[] = [];
  for (let tick = Math.ceil(first / step) * step; tick <= last; tick += step) ticks.push(tick);
  return ticks;
}

/** A value of NaN is a gap in the line. */
export type Point = readonly [x: number, y: number];

/**
 * The pieces of a line that lie within [min, max]: a segment that leaves the range ends on its edge. Doing it here spares
 * the drawing a clip path (see `renderChart`).
 */
export function cutToRange(points: readonly Point[], { min, max }: Pick<AxisRange, "min" | "max">): Point[] {
  const clamp = (y: number) => Math.min(max, Math.max(min, y));
  const line: Point[] = [];
  points.forEach((point, i) => {
    const [x, y] = point;
    const [x0, y0] = points[i - 1] ?? [x, Number.NaN];
    // A segment from or to a gap has nothing to cut, but NaN differs from everything.
    const crosses = clamp(y0) !== clamp(y) && !Number.isNaN(y0 + y);
    const at = (edge: number): Point => [x0 + ((edge - y0) / (y - y0)) * (x - x0), edge];
    if (crosses && clamp(y0) !== y0) line.push(at(clamp(y0)));
    if (clamp(y) === y) {
      line.push(point);
    } else {
      if (crosses) line.push(at(clamp(y)));
      line.push([x, Number.NaN]);
    }
  });
  return line;
}
