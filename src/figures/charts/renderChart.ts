import { createRequire } from "node:module";
import type { EChartsOption } from "echarts";
import { type Drawing, drawingOf } from "./drawing.ts";
import { FONT_FAMILY, textWidth } from "./font.ts";
import { loadResvg } from "./renderSvg.ts";

const require = createRequire(import.meta.url);

/**
 * Draws a chart without a browser, a system font or a native module: ECharts writes SVG, resvg rasterises it. `size` is in
 * CSS pixels. Equal input, equal bytes.
 *
 * Nothing is clipped to its axes: an option must keep its data within them (`cutToRange` does).
 */
export function renderChart(option: EChartsOption, size: { width: number; height: number }): Drawing {
  loadResvg().catch(() => {}); // its WebAssembly compiles on another thread while ECharts loads on this one
  const chart = loadEcharts().init(null, null, { renderer: "svg", ssr: true, ...size });
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
  } finally {
    chart.dispose();
  }
  return drawingOf(svg);
}

let loaded: typeof import("echarts") | undefined;

/** On the first chart, once per process. */
function loadEcharts(): typeof import("echarts") {
  if (loaded) return loaded;
  // One minified file loads in 95 ms; the same parts from echarts/core take 300 to 650 ms, as hundreds of small modules.
  loaded = require("echarts/dist/echarts.min.js") as typeof import("echarts");
  // ECharts has no canvas to measure text with and would guess the widths of another font.
  loaded.setPlatformAPI({
    measureText: (text, font) => ({ width: textWidth(text, font ?? "") }),
  });
  return loaded;
}
