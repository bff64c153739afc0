import { element } from "./element.ts";
import type { Explored, Place } from "./explored.ts";
import { floatsOf } from "./numbers.ts";
import { observed } from "./observed.ts";
import { picture, show } from "./picture.ts";
import type { Tab } from "./tabs.ts";

/** Images of the split, each above its reconstruction; one that is chosen with its loss. */
export function examples(explored: Explored, place: Place): Tab {
  const { image, examples } = explored.data;
  const { count, split, classes } = examples;
  const values = floatsOf(examples.x);
  const D = values.length / count;
  const xOf = (i: number) => values.slice(i * D, (i + 1) * D);
  const yOf = (i: number) => classes?.labels[i] ?? 0;
  const { panel, look } = observed(explored, place);
  const choose = (chosen: number) => {
    for (const [i, { button }] of pairs.entries()) button.setAttribute("aria-pressed", String(i === chosen));
    look(xOf(chosen), yOf(chosen));
  };
  const pairs = Array.from({ length: count }, (_, i) => {
    const name = `${split} ${i}${classes ? `, class ${classes.names[classes.labels[i]!]}` : ""}`;
    const [ofX, ofMean] = [picture(image, name), picture(image, "its reconstruction")];
    const button = element(
      "button",
      { type: "button", class: "example", "aria-pressed": "false", title: name, click: () => choose(i) },
      ofX,
      ofMean,
    );
    return { button, ofX, ofMean };
  });
  let started = false;
  /** A few at a time, so that the page stays awake. */
  const draw = (from: number) => {
    for (const [k, { ofX, ofMean }] of pairs.slice(from, from + 4).entries()) {
      const [x, y] = [xOf(from + k), yOf(from + k)];
      show(ofX, x, image);
      show(ofMean, explored.decode(explored.encode(x, y), y), image);
    }
    if (from + 4 < count) requestAnimationFrame(() => draw(from + 4));
  };
  return {
    name: "Images",
    panel: element(
      "div",
      {},
      element(
        "p",
        { class: "about" },
        `The first ${count} images of the ${split} split, below each E[x|z] at E[z|x]. One that is chosen moves z.`,
      ),
      panel,
      element("div", { class: "examples" }, ...pairs.map(({ button }) => button)),
    ),
    onShow() {
      if (started) return;
      started = true;
      draw(0);
      choose(0);
    },
  };
}
