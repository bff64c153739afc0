import { element, freshId } from "./element.ts";
import { type Explored, onceAFrame, type Place } from "./explored.ts";
import { fixed } from "./numbers.ts";
import { picture, show } from "./picture.ts";

/** E[x|z] at the place, large, with what moves all of z at once. */
export function stage(explored: Explored, place: Place): HTMLElement {
  const { data, origin } = explored;
  const canvas = picture(data.image, "the decoded image, E[x|z]", "decoded");
  const speed = element("span", { class: "quiet" });
  const isNormal = data.isNormalPrior;
  const draw = onceAFrame(() => {
    const start = performance.now();
    const x = explored.decode(place.z, place.y);
    show(canvas, x, data.image);
    speed.textContent = `decoded here in ${fixed(performance.now() - start, 1)} ms`;
  });
  place.follow(draw);
  const classes = data.given ? [classChoice(data.given.names, place)] : [];
  return element(
    "section",
    { class: "stage", "aria-label": "the decoded image" },
    canvas,
    element("p", { class: "caption" }, data.given ? "E[x|z, y] " : "E[x|z] ", speed),
    element(
      "p",
      { class: "buttons" },
      ...classes,
      element(
        "button",
        { type: "button", click: () => place.move(Float32Array.from(origin)) },
        isNormal ? "z = 0" : "Mean of the prior",
      ),
      element(
        "button",
        { type: "button", click: () => place.move(explored.drawn()) },
        isNormal ? "Draw from p(z)" : "Draw a z",
      ),
    ),
  );
}

/** The class y that z is decoded with, and x encoded. */
function classChoice(names: readonly string[], place: Place): HTMLElement {
  const select = element(
    "select",
    { id: freshId("class"), change: () => place.move(place.z, Number(select.value)) },
    ...names.map((name, i) => element("option", { value: i }, name)),
  );
  place.follow(() => {
    select.value = String(place.y);
  });
  return element("label", {}, "given class ", select);
}
