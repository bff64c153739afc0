import type { Explored } from "./explored.ts";
import { clamp, floatsOf, sum } from "./numbers.ts";

export type Point = readonly [x: number, y: number];

/** A direction in latent space that the map may have across or upwards. */
export interface Axis {
  readonly name: string;
  readonly center: Float32Array;
  /** Of length 1. */
  readonly direction: Float32Array;
}

const along = ({ center, direction }: Axis, z: ArrayLike<number>, from = 0): number =>
  direction.reduce((sum, value, i) => sum + value * (z[from + i]! - center[i]!), 0);

/** z moved in the plane of two axes so that it has these coordinates; what is not in the plane stays. */
function movedTo(
  z: Float32Array,
  [a, b]: readonly [Axis, Axis],
  [x, y]: readonly [number, number],
): Float32Array {
  const overlap = sum(Array.from(a.direction, (value, i) => value * b.direction[i]!));
  const [dx, dy] = [x - along(a, z), y - along(b, z)];
  const scale = 1 - overlap ** 2;
  const [ofA, ofB] = [(dx - overlap * dy) / scale, (dy - overlap * dx) / scale];
  return z.map((value, i) => value + ofA * a.direction[i]! + ofB * b.direction[i]!);
}

/** Two directions of latent space with what lies along them. */
export interface Plane {
  /** Of the images, in coordinates along both. */
  readonly points: readonly Point[];
  readonly ranges: readonly [Range, Range];
  at(z: Float32Array): Point;
  /** z moved in the plane to these coordinates, as far as the images reach; what is not in the plane stays. */
  moved(z: Float32Array, to: Point): Float32Array;
  /** The place of the image that is nearest, as it is drawn. */
  nearest(to: Point): number;
}

/** Of images with these means, [count, d]. */
export function planeOf(axes: readonly [Axis, Axis], means: Float32Array, count: number): Plane {
  const d = means.length / count;
  const points = Array.from({ length: count }, (_, n) => coordinates(axes, means, n * d));
  const ranges = [rangeOf(points.map(([x]) => x)), rangeOf(points.map(([, y]) => y))] as const;
  return {
    points,
    ranges,
    at: (z) => coordinates(axes, z),
    moved: (z, [x, y]) => movedTo(z, axes, [ranges[0].kept(x), ranges[1].kept(y)]),
    nearest([x, y]) {
      const distances = points.map((point) =>
        Math.hypot((point[0] - x) / ranges[0].length, (point[1] - y) / ranges[1].length),
      );
      return distances.indexOf(Math.min(...distances));
    },
  };
}

const coordinates = ([a, b]: readonly [Axis, Axis], z: Float32Array, from = 0): Point => [
  along(a, z, from),
  along(b, z, from),
];

/** The principal components, where there are any, and the dimensions of z in their order. */
export function axesOf({ data }: Explored): Axis[] {
  const { latentDim: d, units } = data;
  const { components } = data.map;
  const places = d === 2 ? [0, 1] : units.map(({ unit }) => unit);
  const dimensions = places.map((unit) => ({
    name: `z${unit}`,
    center: new Float32Array(d),
    direction: Float32Array.from({ length: d }, (_, i) => Number(i === unit)),
  }));
  if (!components) return dimensions;
  const center = floatsOf(components.center);
  const directions = floatsOf(components.directions);
  const principal = components.shares.map((share, i) => ({
    name: `principal component ${i + 1} (${Math.round(100 * share)} %)`,
    center,
    direction: directions.slice(i * d, (i + 1) * d),
  }));
  return [...principal, ...dimensions];
}

/** From the least to the largest of some values. */
interface Range {
  readonly length: number;
  share(value: number): number;
  at(share: number): number;
  kept(value: number): number;
}

function rangeOf(values: readonly number[]): Range {
  const [low, high] = [Math.min(...values), Math.max(...values)];
  const length = high - low || 1;
  return {
    length,
    share: (value) => (value - low) / length,
    at: (share) => low + share * length,
    kept: (value) => clamp(value, low, high),
  };
}
