import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { encodePng } from "../imageGrid.ts";
import { FONT_FAMILY, fontBuffers } from "./font.ts";

const require = createRequire(import.meta.url);

/** Rasterises an SVG without a browser or a system font; `scale` pixels for each of its own. Equal input, equal bytes. */
export async function renderSvg(svg: string, scale: number): Promise<Buffer> {
  const { Resvg } = await loadResvg();
  // A name with a control character in it is no reason to lose the picture, and XML allows none.
  const drawing = new Resvg(svg.replaceAll(/[^\P{Cc}\n]|\p{Cs}/gu, " "), {
    fitTo: { mode: "zoom", value: scale },
    font: { fontBuffers: fontBuffers(), defaultFontFamily: FONT_FAMILY },
  });
  const image = drawing.render();
  try {
    return opaquePng(image);
  } finally {
    // Memory on the WebAssembly side is not garbage collected.
    image.free();
    drawing.free();
  }
}

/** Of what most lines are like the one above: enlarged pixels and flat ground. */
const FILTER_UP = 2;

/** By zlib, which takes a tenth of the time that it takes in WebAssembly; on white, without an alpha channel. */
function opaquePng({ width, height, pixels }: { width: number; height: number; pixels: Uint8Array }): Buffer {
  const data = Buffer.alloc(3 * width * height);
  for (let i = 0, from = 0; i < data.length; from += 4) {
    const below = 255 - pixels[from + 3]!; // colours are premultiplied
    data[i++] = pixels[from]! + below;
    data[i++] = pixels[from + 1]! + below;
    data[i++] = pixels[from + 2]! + below;
  }
  return encodePng(data, width, height, 3, { filterType: FILTER_UP, deflateLevel: 6 });
}

type Resvg = Pick<typeof import("@resvg/resvg-wasm"), "Resvg">;
let resvg: Promise<Resvg> | undefined;

/** Loads it on the first picture, once per process: `vae` starts faster without it. */
export function loadResvg(): Promise<Resvg> {
  resvg ??= load();
  return resvg;
}

async function load(): Promise<Resvg> {
  const { initWasm, Resvg } = await import("@resvg/resvg-wasm");
  await initWasm(readFile(require.resolve("@resvg/resvg-wasm/index_bg.wasm")));
  return { Resvg };
}
