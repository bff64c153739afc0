import type { PageData } from "../pageData.ts";
import { element } from "./element.ts";

type Shape = PageData["image"];

/** A canvas that shows images of a run, and says to those who do not see it what they are. */
export function picture({ width, height }: Shape, label: string, className = ""): HTMLCanvasElement {
  return element("canvas", {
    width,
    height,
    role: "img",
    "aria-label": label,
    class: `picture ${className}`,
  });
}

/** Draws x, [D] in [0, 1], what lies outside cut off. */
export function show(
  canvas: HTMLCanvasElement,
  x: ArrayLike<number>,
  { width, height, channels }: Shape,
): void {
  const context = canvas.getContext("2d")!;
  const image = context.createImageData(width, height);
  for (let i = 0; i < width * height; i++) {
    for (let c = 0; c < 3; c++) image.data[4 * i + c] = 255 * x[channels === 1 ? i : i * channels + c]!; // it cuts off and rounds
    image.data[4 * i + 3] = 255;
  }
  context.putImageData(image, 0, 0);
}
