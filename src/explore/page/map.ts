import type { LatentMap } from "../pageData.ts";
import { element, freshId } from "./element.ts";
import { type Explored, onceAFrame, type Place } from "./explored.ts";
import { drawMap, pointAt, shadeOf } from "./mapPicture.ts";
import { fixed, floatsOf } from "./numbers.ts";
import { type Axis, axesOf, type Plane, type Point, planeOf } from "./plane.ts";
import type { Tab } from "./tabs.ts";

/** Presses of an arrow key from one side to the other. */
const KEY_STEPS = 50;

const ARROWS: Readonly<Record<string, Point>> = {
  ArrowLeft: [-1, 0],
  ArrowRight: [1, 0],
  ArrowUp: [0, 1],
  ArrowDown: [0, -1],
};

/** Where the images of the split lie in latent space; a click decodes there. */
export function map(explored: Explored, place: Place): Tab {
  const { data } = explored;
  const { count, classes } = data.map;
  const means = floatsOf(data.map.means);
  let plane: Plane;
  const canvas = element("canvas", {
    ...{ class: "map", tabindex: 0, role: "application", "aria-roledescription": "map" },
    "aria-label": "map of latent space: arrow keys move z",
  });
  const nearest = element("input", { type: "checkbox" });
  const readout = element("output", { class: "quiet" });
  const draw = onceAFrame(() => {
    const here = plane.at(place.z);
    drawMap(canvas, plane, classes, here);
    readout.textContent = `z at ${here.map((value) => fixed(value)).join(", ")}`;
  });
  const choices = axisChoices(axesOf(explored), (axes) => {
    plane = planeOf(axes, means, count);
    draw();
  });
  const moveTo = (to: Point) => {
    if (!nearest.checked) return place.move(plane.moved(place.z, to));
    const i = plane.nearest(to);
    place.move(means.slice(i * data.latentDim, (i + 1) * data.latentDim), classes?.labels[i]);
  };
  canvas.addEventListener("pointerdown", (event) => {
    canvas.setPointerCapture(event.pointerId);
    moveTo(pointAt(plane, canvas, event));
  });
  canvas.addEventListener("pointermove", (event) => {
    if (event.buttons > 0) moveTo(pointAt(plane, canvas, event));
  });
  canvas.addEventListener("keydown", (event) => {
    const arrow = ARROWS[event.key];
    if (!arrow) return;
    event.preventDefault();
    const [x, y] = plane.at(place.z);
    const [across, up] = plane.ranges.map(({ length }) => length / KEY_STEPS) as [number, number];
    place.move(plane.moved(place.z, [x + arrow[0] * across, y + arrow[1] * up]));
  });
  new ResizeObserver(draw).observe(canvas);
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", draw);
  place.follow(draw);
  const about =
    `E[z|x] of ${count} ${data.examples.split} images${classes ? ", coloured by class" : ""}. Click, drag, or use the arrow keys: ` +
    "z moves in this plane, and what is not in it stays.";
  return {
    name: "Map",
    panel: element(
      "div",
      {},
      element("p", { class: "about" }, about),
      element("p", { class: "choices" }, ...choices, element("label", {}, nearest, " to the nearest image")),
      canvas,
      ...(classes ? [legend(classes)] : []),
      readout,
    ),
    onShow: draw,
  };
}

/** One of the axes for each direction of the map, two different ones; `onChoice` is told of them at once. */
function axisChoices(axes: readonly Axis[], onChoice: (axes: readonly [Axis, Axis]) => void): HTMLElement[] {
  const selects = [0, 1].map((start) =>
    element(
      "select",
      { id: freshId("axis"), change: () => choose() },
      ...axes.map(({ name }, i) => element("option", { value: i, selected: i === start }, name)),
    ),
  );
  const choose = () => {
    const chosen = selects.map(({ value }) => Number(value)) as [number, number];
    for (const [k, { options }] of selects.entries())
      for (const [i, option] of [...options].entries()) option.disabled = i === chosen[1 - k];
    onChoice([axes[chosen[0]]!, axes[chosen[1]]!]);
  };
  choose();
  return selects.map((select, k) => element("label", {}, k === 0 ? "across " : "up ", select));
}

function legend({ names, colors }: NonNullable<LatentMap["classes"]>): HTMLElement {
  const items = names.map((name, label) => {
    const item = element("li", {}, element("span", { class: "dot", "aria-hidden": "true" }), name);
    item.style.setProperty("--dot", shadeOf(colors, label, "var(--lift)"));
    return item;
  });
  return element("ul", { class: "legend" }, ...items);
}
