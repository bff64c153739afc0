import { element, freshId } from "./element.ts";
import { type Explored, onceAFrame, type Place } from "./explored.ts";
import { floatsOf, mean } from "./numbers.ts";
import { observed } from "./observed.ts";
import type { Tab } from "./tabs.ts";

/** About so many dots of the paper are across, a whole number for each pixel of x. */
const PAPER = 280;

/** The width of the pen, as a share of the paper's: that of the strokes of the digits. */
const PEN = 1 / 13;

/** The user's own image, drawn or from a file, encoded as it changes. */
export function drawing(explored: Explored, place: Place): Tab {
  const { width, height, channels } = explored.data.image;
  const isDark = hasDarkPaper(explored);
  const dots = Math.max(1, Math.round(PAPER / width));
  const paper = element("canvas", {
    ...{ width: width * dots, height: height * dots, class: "paper", role: "img" },
    "aria-label":
      "paper to draw on with a mouse, a pen or a finger; Choose an image does the same from the keyboard",
  });
  const context = paper.getContext("2d", { willReadFrequently: true })!;
  const colour = element("input", {
    type: "color",
    id: freshId("colour"),
    value: isDark ? "#ffffff" : "#000000",
  });
  const { panel, look } = observed(explored, place);
  const changed = onceAFrame(() =>
    look(explored.coded(levelsOf(context, { width, height, channels, dots }))),
  );
  const clear = () => {
    context.fillStyle = isDark ? "#000" : "#fff";
    context.fillRect(0, 0, paper.width, paper.height);
  };

  const at = ({ clientX, clientY }: PointerEvent): [number, number] => {
    const box = paper.getBoundingClientRect();
    return [
      ((clientX - box.left) / box.width) * paper.width,
      ((clientY - box.top) / box.height) * paper.height,
    ];
  };
  let last: [number, number] | undefined;
  const stroke = (to: [number, number]) => {
    context.strokeStyle = colour.value;
    context.lineWidth = PEN * paper.width;
    context.lineCap = "round";
    context.beginPath();
    context.moveTo(...(last ?? to));
    context.lineTo(...to);
    context.stroke();
    last = to;
    changed();
  };
  paper.addEventListener("pointerdown", (event) => {
    paper.setPointerCapture(event.pointerId);
    last = undefined;
    stroke(at(event));
  });
  paper.addEventListener("pointermove", (event) => {
    if (last && event.buttons > 0) stroke(at(event));
  });
  for (const end of ["pointerup", "pointercancel"] as const)
    paper.addEventListener(end, () => (last = undefined));

  const problem = element("p", { class: "problem", role: "status" });
  const take = async (file: File | undefined) => {
    if (!file) return;
    try {
      const image = await createImageBitmap(file);
      problem.textContent = "";
      clear();
      placed(context, image, channels === 1 ? isDark : undefined);
      changed();
    } catch {
      problem.textContent = `${file.name} is no image that this browser reads. PNG and JPEG are.`;
    }
  };
  const chosen = element("input", {
    ...{ type: "file", accept: "image/*", id: freshId("file"), class: "file" },
    change: () => void take(chosen.files?.[0]),
  });
  const tab = element(
    "div",
    {
      dragover: (event: DragEvent) => event.preventDefault(),
      drop(event: DragEvent) {
        event.preventDefault();
        void take(event.dataTransfer?.files[0]);
      },
    },
    element(
      "p",
      { class: "about" },
      `Draw, or drop an image here: it is brought to ${width} × ${height} pixels (${explored.data.coding}) and encoded, and z moves to E[z|x].`,
    ),
    element(
      "div",
      { class: "drawing" },
      paper,
      element(
        "p",
        { class: "buttons" },
        element(
          "button",
          {
            type: "button",
            click() {
              clear();
              changed();
            },
          },
          "Clear",
        ),
        element("label", { for: chosen.id, class: "button" }, "Choose an image", chosen),
        ...(channels === 3 ? [element("label", { for: colour.id, class: "button" }, "Colour ", colour)] : []),
      ),
    ),
    problem,
    panel,
  );
  clear();
  return { name: "Draw", panel: tab };
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

/** Levels 0 … 255 of the pixels of x: the means of the dots in each, grey by the weights of luma. */
function levelsOf(
  context: CanvasRenderingContext2D,
  { width, height, channels, dots }: Record<"width" | "height" | "channels" | "dots", number>,
): Uint8ClampedArray {
  const { data } = context.getImageData(0, 0, width * dots, height * dots);
  const sums = new Float64Array(width * height * channels);
  for (let row = 0; row < height * dots; row++) {
    for (let column = 0; column < width * dots; column++) {
      const from = 4 * (row * width * dots + column);
      const to = channels * (Math.floor(row / dots) * width + Math.floor(column / dots));
      if (channels === 1)
        sums[to]! += 0.299 * data[from]! + 0.587 * data[from + 1]! + 0.114 * data[from + 2]!;
      else for (let c = 0; c < channels; c++) sums[to + c]! += data[from + c]!;
    }
  }
  return Uint8ClampedArray.from(sums, (sum) => sum / dots ** 2);
}

/** Draws an image as large as it fits; where `dark` says how the paper is, its brightness is turned around if its edges are not so. */
function placed(context: CanvasRenderingContext2D, image: ImageBitmap, dark: boolean | undefined): void {
  const { width, height } = context.canvas;
  const scale = Math.min(width / image.width, height / image.height);
  const [w, h] = [image.width * scale, image.height * scale];
  const box = [(width - w) / 2, (height - h) / 2, w, h] as const;
  context.drawImage(image, ...box);
  if (dark === undefined || isDarkAt(context, box) === dark) return;
  context.save();
  context.globalCompositeOperation = "difference";
  context.fillStyle = "#fff";
  context.fillRect(...box);
  context.restore();
}

/** Of the corners of a part of a drawing. */
function isDarkAt(
  context: CanvasRenderingContext2D,
  [x, y, w, h]: readonly [number, number, number, number],
): boolean {
  const corners = [
    [x + 1, y + 1],
    [x + w - 2, y + 1],
    [x + 1, y + h - 2],
    [x + w - 2, y + h - 2],
  ] as const;
  const brightness = corners.map(([cx, cy]) => mean(context.getImageData(cx, cy, 1, 1).data.subarray(0, 3)));
  return mean(brightness) < 128;
}
