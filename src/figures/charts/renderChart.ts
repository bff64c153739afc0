import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import type { EChartsOption } from "echarts";
import { FONT_FAMILY, fontBuffers, textWidth } from "./font.ts";

const require = createRequire(import.meta.url);

/**
 * Draws a chart as a PNG without a browser, a system font or a native module: ECharts writes SVG, resvg rasterises it.
 * `size` is in CSS pixels; the picture is `scale` times as large, so that text stays sharp. Equal input, equal bytes.
 *
 * Nothing is clipped to its axes: an option must keep its data within them (`cutToRange` does).
 */
export async function renderChart(
  option: EChartsOption,
  size: { width: number; height: number; scale?: number },
): Promise<Buffer> {
  const { echarts, Resvg } = await loadRenderer();
  const chart = echarts.init(null, null, { renderer: "svg", ssr: true, ...size });
  let svg: string;
  try {
    chart.setOption({
      animation: false,
      backgroundColor: "#fff",
      textStyle: { fontFamily: FONT_FAMILY },
      ...option,
    });
    // ECharts gives every line a clip path, for an animation that is off; each costs resvg a full-size layer, about 25 ms.
    svg = chart.renderToSVGString().replaceAll(/ clip-path="[^"]*"/g, "");
    // A name with a control character in it is no reason to lose the chart, and XML allows none.
    svg = svg.replaceAll(/[^\P{Cc}\n]|\p{Cs}/gu, " ");
  } finally {
    chart.dispose();
  }

  const drawing = new Resvg(svg, {
    fitTo: { mode: "zoom", value: size.scale ?? 2 },
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

type Renderer = { echarts: typeof import("echarts"); Resvg: typeof import("@resvg/resvg-wasm").Resvg };
let renderer: Promise<Renderer> | undefined;

/** Loads both libraries on the first chart, once per process: `vae` starts faster without them. */
function loadRenderer(): Promise<Renderer> {
  renderer ??= load();
  return renderer;
}

async function load(): Promise<Renderer> {
  const { initWasm, Resvg } = await import("@resvg/resvg-wasm");
  // The WebAssembly compiles on another thread while ECharts loads on this one.
  const compiled = initWasm(readFile(require.resolve("@resvg/resvg-wasm/index_bg.wasm")));
  // One minified file loads in 95 ms; the same parts from echarts/core take 300 to 650 ms, as hundreds of small modules.
  const echarts = require("echarts/dist/echarts.min.js") as typeof import("echarts");
  // ECharts has no canvas to measure text with and would guess the widths of another font.
  echarts.setPlatformAPI({
    measureText: (text, font) => ({ width: textWidth(text, font ?? "") }),
  });
  await compiled;
  return { echarts, Resvg };
}
