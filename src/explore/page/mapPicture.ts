import type { LatentMap } from "../pageData.ts";
import type { Plane, Point } from "./plane.ts";

/** Around the points, in CSS pixels. */
const MARGIN = 14;

/** Draws the points of a plane in the colours of their classes, and a ring at `here`. */
export function drawMap(
  canvas: HTMLCanvasElement,
  plane: Plane,
  classes: LatentMap["classes"],
  here: Point,
): void {
  const size = canvas.clientWidth;
  if (size === 0) return; // not on the screen
  canvas.width = canvas.height = Math.round(size * devicePixelRatio);
  const context = canvas.getContext("2d")!;
  context.scale(devicePixelRatio, devicePixelRatio);
  const style = getComputedStyle(canvas);
  const variable = (name: string) => style.getPropertyValue(name);
  const [x0, y0] = toScreen(plane, size, [0, 0]);
  context.strokeStyle = variable("--line");
  context.strokeRect(0.5, 0.5, size - 1, size - 1);
  line(context, [x0, 0], [x0, size]);
  line(context, [0, y0], [size, y0]);
  const radius = plane.points.length > 1000 ? 2 : 3;
  context.globalAlpha = 0.7;
  for (const [i, point] of plane.points.entries()) {
    const label = classes?.labels[i];
    context.fillStyle =
      label === undefined ? variable("--accent") : shadeOf(classes!.colors, label, variable("--lift"));
    context.beginPath();
    context.arc(...toScreen(plane, size, point), radius, 0, 2 * Math.PI);
    context.fill();
  }
  context.globalAlpha = 1;
  ring(context, toScreen(plane, size, here), [variable("--paper"), variable("--ink")]);
}

const toScreen = ({ ranges: [across, up] }: Plane, size: number, [x, y]: Point): [number, number] => [
  MARGIN + (size - 2 * MARGIN) * across.share(x),
  size - MARGIN - (size - 2 * MARGIN) * up.share(y),
];

/** The point of a plane that a pointer is at. */
export function pointAt(
  { ranges: [across, up] }: Plane,
  canvas: HTMLCanvasElement,
  event: PointerEvent,
): Point {
  const inner = canvas.clientWidth - 2 * MARGIN;
  return [
    across.at((event.offsetX - MARGIN) / inner),
    up.at((canvas.clientHeight - MARGIN - event.offsetY) / inner),
  ];
}

/** The colour of a class, lighter by `lift` where the paper is dark; black is lightest then. */
export function shadeOf(colors: readonly string[], label: number, lift: string): string {
  const color = colors[label % colors.length]!;
  return `color-mix(in srgb, ${color}, #fff ${color === "#000000" ? `calc(2.5 * ${lift})` : lift})`;
}

function line(context: CanvasRenderingContext2D, from: [number, number], to: [number, number]): void {
  context.beginPath();
  context.moveTo(...from);
  context.lineTo(...to);
  context.stroke();
}

/** In two colours, so that it is seen on every other. */
function ring(
  context: CanvasRenderingContext2D,
  [x, y]: Point,
  [outer, inner]: readonly [string, string],
): void {
  for (const [color, width] of [
    [outer, 6],
    [inner, 2.5],
  ] as const) {
    context.strokeStyle = color;
    context.lineWidth = width;
    context.beginPath();
    context.arc(x, y, 8, 0, 2 * Math.PI);
    context.stroke();
  }
}
