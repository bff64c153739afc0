import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
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
    return Buffer.from(image.asPng());
  } finally {
    // Memory on the WebAssembly side is not garbage collected.
    image.free();
    drawing.free();
  }
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
