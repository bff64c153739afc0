import { element } from "./element.ts";
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
    const x = explored.decode(place.z);
    show(canvas, x, data.image);
    speed.textContent = `decoded here in ${fixed(performance.now() - start, 1)} ms`;
  });
  place.follow(draw);
  return element(
    "section",
    { class: "stage", "aria-label": "the decoded image" },
    canvas,
    element("p", { class: "caption" }, "E[x|z] ", speed),
    element(
      "p",
      { class: "buttons" },
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
