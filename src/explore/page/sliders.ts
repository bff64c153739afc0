import type { Unit } from "../pageData.ts";
import { element, freshId } from "./element.ts";
import { type Explored, onceAFrame, type Place } from "./explored.ts";
import { clamp, fixed } from "./numbers.ts";
import type { Tab } from "./tabs.ts";

/** How far a slider goes to both sides, in deviations. */
const REACH = 3;
const STEPS = 120;

/** A slider for each dimension of z, those first that tell most. */
export function sliders({ data }: Explored, place: Place): Tab {
  const { units, unitsBy } = data;
  const most = Math.max(...units.map(({ tells }) => tells), 1e-9);
  const rows = units.map((unit) => slider(unit, unit.tells / most, unitsBy, place));
  const active = rows.filter((_, i) => units[i]!.active);
  const idle = rows.filter((_, i) => !units[i]!.active);
  place.follow(
    onceAFrame(() => {
      for (const { follow } of rows) follow(place.z);
    }),
  );
  const scale = data.isNormalPrior
    ? "from −3 to 3, where N(0, 1) lies"
    : "3 deviations of z over images to both sides of its mean";
  return {
    name: "Latents",
    panel: element(
      "div",
      {},
      element(
        "p",
        { class: "about" },
        `${active.length} of ${units.length} dimensions active, the most telling first (bar: ${unitsBy}); ${scale}.`,
      ),
      element("div", { class: "sliders" }, ...active.map(({ row }) => row)),
      ...(idle.length > 0
        ? [
            element(
              "details",
              { open: active.length === 0 },
              element("summary", {}, `${idle.length} that tell nothing`),
              element("div", { class: "sliders" }, ...idle.map(({ row }) => row)),
            ),
          ]
        : []),
    ),
  };
}

function slider({ unit, tells, mean, deviation }: Unit, share: number, by: string, place: Place) {
  const id = freshId("z");
  const [min, max] = [mean - REACH * deviation, mean + REACH * deviation];
  const output = element("output", { for: id });
  const input = element("input", {
    ...{ type: "range", id, min, max, step: (max - min) / STEPS || 1, "data-unit": unit },
    input() {
      const z = Float32Array.from(place.z);
      z[unit] = Number(input.value);
      place.move(z);
    },
  });
  const row = element(
    "div",
    { class: "slider" },
    element("label", { for: id, title: `${by}: ${fixed(tells)}` }, `z${unit}`),
    input,
    output,
    element("meter", {
      min: 0,
      max: 1,
      value: share,
      title: `${by}: ${fixed(tells)}`,
      "aria-label": `${by}: ${fixed(tells)}`,
    }),
  );
  const follow = (z: Float32Array) => {
    if (document.activeElement !== input || Number(input.value) !== z[unit])
      input.value = String(clamp(z[unit]!, min, max));
    output.textContent = fixed(z[unit]!);
    row.classList.toggle("outside", z[unit]! < min || z[unit]! > max);
  };
  return { row, follow };
}
