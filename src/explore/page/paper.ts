import type { PageData } from "../pageData.ts";
import { element } from "./element.ts";
import { mean } from "./numbers.ts";

/** About so many dots of the paper are across, a whole number for each pixel of x. */
const ACROSS = 280;

/** The width of the pen, as a share of the paper's: that of the strokes of the digits. */
const PEN = 1 / 13;

/** A paper to draw on, many dots for each pixel of x. */
export interface Paper {
  readonly canvas: HTMLCanvasElement;
  clear(): void;
  /** Instead of what is on it: an image, as large as it fits. */
  place(image: ImageBitmap): void;
  /** Levels 0 … 255 of the pixels of x, [D]: the means of the dots in each, grey by the weights of luma. */
  levels(): Uint8ClampedArray;
}

/** `color` is that of the pen; `onChange` is told of strokes. */
export function paperFor(
  { width, height, channels }: PageData["image"],
  { isDark, color, onChange }: { isDark: boolean; color: () => string; onChange: () => void },
): Paper {
  const dots = Math.max(1, Math.round(ACROSS / width));
  const canvas = element("canvas", {
    ...{ width: width * dots, height: height * dots, class: "paper", role: "img" },
    "aria-label":
      "paper to draw on with a mouse, a pen or a finger; Choose an image does the same from the keyboard",
  });
  const context = canvas.getContext("2d", { willReadFrequently: true })!;
  const clear = () => {
    context.fillStyle = isDark ? "#000" : "#fff";
    context.fillRect(0, 0, canvas.width, canvas.height);
  };
  followStrokes(canvas, (from, to) => {
    context.strokeStyle = color();
    context.lineWidth = PEN * canvas.width;
    context.lineCap = "round";
    context.beginPath();
    context.moveTo(...from);
    context.lineTo(...to);
    context.stroke();
    onChange();
  });
  clear();
  return {
    canvas,
    clear,
    place(image) {
      clear();
      placed(context, image, channels === 1 ? isDark : undefined);
    },
    levels: () => levelsOf(context, { width, height, channels, dots }),
  };
}

/** Tells each piece of a line that a pointer draws, in dots. */
function followStrokes(
  canvas: HTMLCanvasElement,
  onPiece: (from: [number, number], to: [number, number]) => void,
): void {
  let last: [number, number] | undefined;
  const follow = ({ clientX, clientY }: PointerEvent) => {
    const box = canvas.getBoundingClientRect();
    const to: [number, number] = [
      ((clientX - box.left) / box.width) * canvas.width,
      ((clientY - box.top) / box.height) * canvas.height,
    ];
    onPiece(last ?? to, to);
    last = to;
  };
  canvas.addEventListener("pointerdown", (event) => {
    canvas.setPointerCapture(event.pointerId);
    last = undefined;
    follow(event);
  });
  canvas.addEventListener("pointermove", (event) => {
    if (last && event.buttons > 0) follow(event);
  });
}

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
