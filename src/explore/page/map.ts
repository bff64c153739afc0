import { element, freshId } from "./element.ts";
import { type Explored, onceAFrame, type Place } from "./explored.ts";
import { clamp, fixed, floatsOf, sum } from "./numbers.ts";
import type { Tab } from "./tabs.ts";

/** A direction in latent space that the map may have across or upwards. */
interface Axis {
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

const MARGIN = 14;
const KEY_STEPS = 50;

/** Where the images of the split lie in latent space; a click decodes there. */
export function map(explored: Explored, place: Place): Tab {
  const { data } = explored;
  const { latentDim: d } = data;
  const { count, classes } = data.map;
  const means = floatsOf(data.map.means);
  const axes = axesOf(explored);
  const choice = (name: string, start: number) => {
    const select = element(
      "select",
      { id: freshId("axis"), change: () => chooseAxes() },
      ...axes.map((axis, i) => element("option", { value: i, selected: i === start }, axis.name)),
    );
    return { select, label: element("label", {}, `${name} `, select) };
  };
  const [across, up] = [choice("across", 0), choice("up", 1)];
  const canvas = element("canvas", {
    ...{ class: "map", tabindex: 0, role: "application", "aria-roledescription": "map" },
    "aria-label": "map of latent space: arrow keys move z",
  });
  const nearest = element("input", { type: "checkbox", id: freshId("nearest") });
  const readout = element("output", { class: "quiet" });
  let plane: readonly [Axis, Axis];
  let points: readonly (readonly [number, number])[];
  let ranges: readonly [Range, Range];

  const chooseAxes = () => {
    const [i, j] = [Number(across.select.value), Number(up.select.value)];
    for (const [k, option] of [...up.select.options].entries()) option.disabled = k === i;
    for (const [k, option] of [...across.select.options].entries()) option.disabled = k === j;
    plane = [axes[i]!, axes[j]!];
    points = Array.from(
      { length: count },
      (_, n) => [along(plane[0], means, n * d), along(plane[1], means, n * d)] as const,
    );
    ranges = [rangeOf(points.map(([x]) => x)), rangeOf(points.map(([, y]) => y))];
    draw();
  };
  const moveTo = (to: readonly [number, number]) => {
    if (!nearest.checked) return place.move(movedTo(place.z, plane, to));
    const [i] = closest(points, to, ranges);
    place.move(means.slice(i * d, (i + 1) * d));
  };
  const here = (): [number, number] => [along(plane[0], place.z), along(plane[1], place.z)];

  const draw = onceAFrame(() => {
    const size = canvas.clientWidth;
    if (size === 0) return; // not on the screen
    const density = devicePixelRatio;
    canvas.width = canvas.height = Math.round(size * density);
    const context = canvas.getContext("2d")!;
    context.scale(density, density);
    const style = getComputedStyle(canvas);
    const faint = style.getPropertyValue("--line");
    const shade = (color: string) => shadeOf(color, style.getPropertyValue("--lift"));
    const toScreen = ([x, y]: readonly [number, number]) =>
      [
        MARGIN + (size - 2 * MARGIN) * ranges[0].share(x),
        size - MARGIN - (size - 2 * MARGIN) * ranges[1].share(y),
      ] as [number, number];
    const [x0, y0] = toScreen([0, 0]);
    context.strokeStyle = faint;
    context.strokeRect(0.5, 0.5, size - 1, size - 1);
    line(context, [x0, 0], [x0, size]);
    line(context, [0, y0], [size, y0]);
    for (const [i, point] of points.entries()) {
      const color =
        classes?.colors[classes.labels[i]! % classes.colors.length] ?? style.getPropertyValue("--accent");
      context.fillStyle = shade(color);
      context.globalAlpha = 0.7;
      context.beginPath();
      context.arc(...toScreen(point), count > 1000 ? 2 : 3, 0, 2 * Math.PI);
      context.fill();
    }
    context.globalAlpha = 1;
    mark(context, toScreen(here()), style);
    readout.textContent = `z at ${here()
      .map((value) => fixed(value))
      .join(", ")}`;
  });
  const atPointer = ({ offsetX, offsetY }: PointerEvent): [number, number] => {
    const inner = canvas.clientWidth - 2 * MARGIN;
    return [
      ranges[0].at((offsetX - MARGIN) / inner),
      ranges[1].at((canvas.clientHeight - MARGIN - offsetY) / inner),
    ];
  };
  canvas.addEventListener("pointerdown", (event) => {
    canvas.setPointerCapture(event.pointerId);
    moveTo(atPointer(event));
  });
  canvas.addEventListener("pointermove", (event) => {
    if (event.buttons > 0) moveTo(atPointer(event));
  });
  canvas.addEventListener("keydown", (event) => {
    const [dx, dy] = (
      { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1] } as Record<
        string,
        [number, number]
      >
    )[event.key] ?? [0, 0];
    if (dx === 0 && dy === 0) return;
    event.preventDefault();
    const [x, y] = here();
    place.move(
      movedTo(place.z, plane, [
        ranges[0].kept(x + (dx * ranges[0].length) / KEY_STEPS),
        ranges[1].kept(y + (dy * ranges[1].length) / KEY_STEPS),
      ]),
    );
  });
  new ResizeObserver(draw).observe(canvas);
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", draw);
  chooseAxes();
  place.follow(draw);
  const legend = classes
    ? [
        element(
          "ul",
          { class: "legend" },
          ...classes.names.map((name, i) => {
            const item = element("li", {}, svgDot(), name);
            item.style.setProperty(
              "--dot",
              shadeOf(classes.colors[i % classes.colors.length]!, "var(--lift)"),
            );
            return item;
          }),
        ),
      ]
    : [];
  return {
    name: "Map",
    panel: element(
      "div",
      {},
      element(
        "p",
        { class: "about" },
        `E[z|x] of ${count} ${data.examples.split} images${classes ? ", coloured by class" : ""}. Click, drag, or use the arrow keys: z moves in this plane, and what is not in it stays.`,
      ),
      element(
        "p",
        { class: "choices" },
        across.label,
        up.label,
        element("label", {}, nearest, " to the nearest image"),
      ),
      canvas,
      ...legend,
      readout,
    ),
    onShow: draw,
  };
}

/** A colour of a class, lighter where the paper is dark; black is lightest. */
const shadeOf = (color: string, lift: string) =>
  `color-mix(in srgb, ${color}, #fff ${color === "#000000" ? `calc(2.5 * ${lift})` : lift})`;

const svgDot = () => element("span", { class: "dot", "aria-hidden": "true" });

/** The principal components, where there are any, and the dimensions of z in their order. */
function axesOf({ data }: Explored): Axis[] {
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
    at: (share) => low + clamp(share, 0, 1) * length,
    kept: (value) => clamp(value, low, high),
  };
}

/** The place of the point that is nearest on the screen. */
function closest(
  points: readonly (readonly [number, number])[],
  [x, y]: readonly [number, number],
  [ofX, ofY]: readonly [Range, Range],
): [place: number, distance: number] {
  return points.reduce<[number, number]>(
    (best, point, i) => {
      const distance = Math.hypot((point[0] - x) / ofX.length, (point[1] - y) / ofY.length);
      return distance < best[1] ? [i, distance] : best;
    },
    [0, Number.POSITIVE_INFINITY],
  );
}

function line(context: CanvasRenderingContext2D, from: [number, number], to: [number, number]): void {
  context.beginPath();
  context.moveTo(...from);
  context.lineTo(...to);
  context.stroke();
}

/** A ring that is seen on every colour. */
function mark(context: CanvasRenderingContext2D, [x, y]: [number, number], style: CSSStyleDeclaration): void {
  for (const [color, width] of [
    [style.getPropertyValue("--paper"), 6],
    [style.getPropertyValue("--ink"), 2.5],
  ] as const) {
    context.strokeStyle = color;
    context.lineWidth = width;
    context.beginPath();
    context.arc(x, y, 8, 0, 2 * Math.PI);
    context.stroke();
  }
}
