import { element, freshId } from "./element.ts";
import { type Explored, onceAFrame, type Place } from "./explored.ts";
import { floatsOf, mean } from "./numbers.ts";
import { observed } from "./observed.ts";
import { paperFor } from "./paper.ts";
import type { Tab } from "./tabs.ts";

/** The user's own image, drawn or from a file, encoded as it changes. */
export function drawing(explored: Explored, place: Place): Tab {
  const { image, coding } = explored.data;
  const isDark = hasDarkPaper(explored);
  const pen = isDark ? "#ffffff" : "#000000";
  const color = element("input", { type: "color", id: freshId("color"), value: pen });
  const { panel, look } = observed(explored, place);
  const changed = onceAFrame(() => look(explored.coded(paper.levels())));
  const paper = paperFor(image, { isDark, color: () => color.value, onChange: changed });
  const clear = () => {
    paper.clear();
    changed();
  };
  const problem = element("p", { class: "problem", role: "status" });
  const take = async (file: File | undefined) => {
    if (!file) return;
    try {
      paper.place(await createImageBitmap(file));
      problem.textContent = "";
      changed();
    } catch {
      problem.textContent = `${file.name} is no image that this browser reads. PNG and JPEG are.`;
    }
  };
  const chosen = element("input", {
    ...{ type: "file", accept: "image/*", id: freshId("file"), class: "file" },
    async change() {
      await take(chosen.files?.[0]);
      chosen.value = ""; // so that the same file can be chosen again
    },
  });
  const dropping = {
    dragover: (event: DragEvent) => event.preventDefault(),
    drop(event: DragEvent) {
      event.preventDefault();
      void take(event.dataTransfer?.files[0]);
    },
  };
  const about =
    `Draw, or drop an image here: it is brought to ${image.width} × ${image.height} pixels (${coding}) and encoded, and z moves ` +
    "to E[z|x].";
  const buttons = [
    element("button", { type: "button", click: clear }, "Clear"),
    element("label", { for: chosen.id, class: "button" }, "Choose an image", chosen),
    ...(image.channels === 3 ? [element("label", { for: color.id, class: "button" }, "Colour ", color)] : []),
  ];
  return {
    name: "Draw",
    panel: element(
      "div",
      dropping,
      element("p", { class: "about" }, about),
      paper.canvas,
      element("p", { class: "buttons" }, ...buttons),
      problem,
      panel,
    ),
  };
}

/** Whether the edges of the images of the split are dark, as a paper for them should be. */
function hasDarkPaper({ data: { examples, image } }: Explored): boolean {
  const values = floatsOf(examples.x);
  const { width, height, channels } = image;
  const isEdge = (i: number) => {
    const [x, y] = [Math.floor(i / channels) % width, Math.floor(i / (channels * width)) % height];
    return x === 0 || y === 0 || x === width - 1 || y === height - 1;
  };
  return mean(values.filter((_, i) => isEdge(i))) < 0.5;
}
