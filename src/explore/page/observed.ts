import { element } from "./element.ts";
import type { Explored, Place } from "./explored.ts";
import { lossTable } from "./lossTable.ts";
import { picture, show } from "./picture.ts";

/** The loss takes as long as some decodes: it waits until nothing has changed for so many ms. */
const PAUSE = 120;

/** An x beside its reconstruction, E[x|z] at E[z|x], and its loss; the place moves there. */
export function observed(explored: Explored, place: Place) {
  const { data } = explored;
  const [ofX, ofMean] = [
    picture(data.image, "x, as the model sees it"),
    picture(data.image, "its reconstruction"),
  ];
  const { table, tell } = lossTable(data);
  const pair = element(
    "div",
    { class: "pair" },
    element("figure", {}, ofX, element("figcaption", {}, "x")),
    element("figure", {}, ofMean, element("figcaption", {}, "E[x|z] at E[z|x]")),
  );
  let waiting: ReturnType<typeof setTimeout> | undefined;
  const panel = element("div", { class: "observed", hidden: true }, pair, table);
  const look = (x: Float32Array, y = place.y) => {
    const z = explored.encode(x, y);
    panel.hidden = false;
    show(ofX, x, data.image);
    show(ofMean, explored.decode(z, y), data.image);
    place.move(z, y);
    clearTimeout(waiting);
    table.classList.add("waiting");
    waiting = setTimeout(() => {
      tell(explored.score(x, y));
      table.classList.remove("waiting");
    }, PAUSE);
  };
  return { panel, look };
}
