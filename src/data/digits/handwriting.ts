import type { RandomStream } from "../../tensors/random.ts";
import { ALLOGRAPHS, type Allograph } from "./allographs.ts";
import { EDGE, type PenDot, SIDE } from "./rasterize.ts";

/** Bounds of what multiplies the pen's radius along a stroke. */
const MIN_PRESSURE = 0.6;
const MAX_PRESSURE = 1.4;

/** A control point on its way to the page; `pressure` multiplies the pen's radius. */
interface PenPoint {
  x: number;
  y: number;
  sharpness: number;
  pressure: number;
}

/**
 * Writes `digit` once, by a hand drawn from `random`: choose an allograph, blend its masters, let the hand wobble,
 * then bend, slant and scale the whole and place it on the page.
 */
export function writeDigit(digit: number, random: RandomStream): PenDot[][] {
  const strokes = blend(choose(ALLOGRAPHS[digit]!, random), random);
  for (const stroke of strokes) wobble(stroke, random);
  distort(strokes, random);
  const paths = strokes.map(flatten);
  place(paths, random);
  return paths;
}

/** Bell-shaped with mean 0, variance 1 and range (-3, 3): a sum of uniforms, as a logarithm's last digit may vary. */
function bell(random: RandomStream): number {
  return 2 * (random.uniform() + random.uniform() + random.uniform() - 1.5);
}

function choose(allographs: readonly Allograph[], random: RandomStream): Allograph {
  let rest = random.uniform() * allographs.reduce((sum, { weight }) => sum + weight, 0);
  for (const allograph of allographs) {
    rest -= allograph.weight;
    if (rest < 0) return allograph;
  }
  return allographs.at(-1)!; // rounding has left the draw at the very end
}

/** A random weighted mean of the masters; the cubes make one of them dominate, so that extremes occur too. */
function blend({ masters }: Allograph, random: RandomStream): PenPoint[][] {
  const weights = masters.map(() => {
    const u = random.uniform();
    return u * u * u;
  });
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  return masters[0]!.map((stroke, s) =>
    stroke.map((_, i) => {
      const mean: PenPoint = { x: 0, y: 0, sharpness: 0, pressure: 1 };
      masters.forEach((master, m) => {
        const point = master[s]![i]!;
        const weight = weights[m]! / total;
        mean.x += weight * point.x;
        mean.y += weight * point.y;
        mean.sharpness += weight * point.sharpness;
      });
      return mean;
    }),
  );
}

/** Moves the points of a stroke and its pressure by noise that is correlated along the stroke (an AR(1) process). */
function wobble(stroke: PenPoint[], random: RandomStream): void {
  const keep = 0.6;
  const renew = Math.sqrt(1 - keep * keep); // keeps the variance at 1
  let [x, y, pressure] = [bell(random), bell(random), bell(random)];
  for (const point of stroke) {
    point.x += 4 * x;
    point.y += 4 * y;
    point.pressure += 0.17 * pressure;
    x = keep * x + renew * bell(random);
    y = keep * y + renew * bell(random);
    pressure = keep * pressure + renew * bell(random);
  }
}

/** Proportions, taper, height of the waist, bows along both axes, slant and a small turn, about the middle. */
function distort(strokes: PenPoint[][], random: RandomStream): void {
  const breadth = bell(random);
  const width = 1.07 + 0.18 * breadth + 0.03 * breadth * breadth;
  const taper = 0.14 * bell(random);
  const waist = 0.09 * bell(random);
  const bowX = 0.06 * bell(random);
  const bowY = 0.06 * bell(random);
  const slant = 0.17 + 0.22 * bell(random);
  const turn = 0.07 * bell(random);
  for (const stroke of strokes) {
    for (const point of stroke) {
      const v = (point.y - 50) / 50; // -1 at the top, 1 at the bottom
      const u = ((point.x - 28) / 50) * width * (1 + taper * v);
      const x = u + bowX * (1 - v * v) - (slant + turn) * v;
      const y = v + waist * (1 - v * v) + bowY * (1 - u * u) + turn * u;
      point.x = 50 * x;
      point.y = 50 * y;
    }
  }
}

/** The quadratic B-spline of the control points as a fine polyline; pressure becomes radius, still without unit. */
function flatten(stroke: readonly PenPoint[]): PenDot[] {
  // One step of Chaikin's corner cutting leaves a quadratic B-spline as it is; cutting less sharpens the corner,
  // until both new points coincide with the old one and the pen runs through it.
  const polygon: PenDot[] = [];
  stroke.forEach((point, i) => {
    const cut = (1 - point.sharpness) / 4;
    for (const neighbour of [stroke[i - 1] ?? point, stroke[i + 1] ?? point]) {
      polygon.push({
        x: point.x + cut * (neighbour.x - point.x),
        y: point.y + cut * (neighbour.y - point.y),
        radius: point.pressure + cut * (neighbour.pressure - point.pressure),
      });
    }
  });
  // Each point with the midpoints to its neighbours is one quadratic Bezier curve.
  const path: PenDot[] = [];
  for (let i = 0; i < polygon.length; i++) {
    const control = polygon[i]!;
    const start = middle(polygon[i - 1] ?? control, control);
    const end = middle(control, polygon[i + 1] ?? control);
    if (i === 0) path.push(start);
    path.push(middle(middle(start, control), middle(control, end)), end);
  }
  return path;
}

function middle(a: PenDot, b: PenDot): PenDot {
  return { x: (a.x + b.x) / 2, y: (a.y + b.y) / 2, radius: (a.radius + b.radius) / 2 };
}

/** Scales the writing to about 20 pixels, its pen included, and puts its centre of mass near the page's centre. */
function place(paths: PenDot[][], random: RandomStream): void {
  const size = 19.6 + 0.8 * bell(random);
  const heaviness = bell(random);
  const wishedPen = 1.2 + 0.28 * heaviness + 0.05 * heaviness * heaviness; // radius in pixels
  const box = bounds(paths);
  const scale = (size - 2 * wishedPen) / Math.max(box.right - box.left, box.bottom - box.top);
  const pen = Math.min(wishedPen, 11 * scale); // a wider one would fill the bowls of small writing
  const mass = centreOfMass(paths);
  const margin = MAX_PRESSURE * pen + EDGE / 2 + 0.5; // keeps the outermost pixels empty
  const left = margin + scale * (mass.x - box.left);
  const right = SIDE - 1 - margin - scale * (box.right - mass.x);
  const top = margin + scale * (mass.y - box.top);
  const bottom = SIDE - 1 - margin - scale * (box.bottom - mass.y);
  const centreX = clamp(13.8 + 0.6 * bell(random), left, right);
  const centreY = clamp(13.8 + 0.6 * bell(random), top, bottom);
  for (const path of paths) {
    for (const dot of path) {
      dot.x = centreX + scale * (dot.x - mass.x);
      dot.y = centreY + scale * (dot.y - mass.y);
      dot.radius = pen * clamp(dot.radius, MIN_PRESSURE, MAX_PRESSURE);
    }
  }
}

function bounds(paths: readonly (readonly PenDot[])[]) {
  const box = { left: Infinity, right: -Infinity, top: Infinity, bottom: -Infinity };
  for (const path of paths) {
    for (const { x, y } of path) {
      box.left = Math.min(box.left, x);
      box.right = Math.max(box.right, x);
      box.top = Math.min(box.top, y);
      box.bottom = Math.max(box.bottom, y);
    }
  }
  return box;
}

function centreOfMass(paths: readonly (readonly PenDot[])[]): { x: number; y: number } {
  let [mass, x, y] = [0, 0, 0];
  for (const path of paths) {
    for (let i = 1; i < path.length; i++) {
      const [a, b] = [path[i - 1]!, path[i]!];
      const length = Math.sqrt((b.x - a.x) * (b.x - a.x) + (b.y - a.y) * (b.y - a.y));
      mass += length;
      x += (length * (a.x + b.x)) / 2;
      y += (length * (a.y + b.y)) / 2;
    }
  }
  return { x: x / mass, y: y / mass };
}

function clamp(value: number, low: number, high: number): number {
  return Math.min(high, Math.max(low, value));
}
