import type { EChartsOption, LegendComponentOption, TitleComponentOption } from "echarts";
import { wrapText } from "./font.ts";
import { formatValue, widestTick } from "./formatNumber.ts";
import { type Curve, cssFont, INK, type Panel, SMALL, TEXT, TITLE } from "./panel.ts";
import { epochAxis, lineSeries, valueAxis } from "./panelAxes.ts";

// CSS pixels.
/** Of a panel with its axis. */
const COLUMN = 312;
const MARGIN = 24;
const TOP = 18;
const PANEL_GAP = 28;
const PLOT_HEIGHT = 230;
const LEGEND_WIDTH = 220;
/** Beside the labels of a value axis: its name, and the gaps. */
const AXIS_NAME = 32;
/** Below a plot: the labels and the name of the epoch axis, and the margin. */
const EPOCH_AXIS = 58;

/**
 * Panels side by side under one title and one legend, epochs along each x axis. The layout is in plain numbers: the
 * gutters follow from the widths of the labels, the height from the lines of the headings, so that nothing is clipped.
 */
export function panelFigure(figure: { title: string; subtitle: string; panels: Panel[] }): {
  option: EChartsOption;
  size: { width: number; height: number };
} {
  const { panels } = figure;
  const labelWidth = Math.max(...panels.map(({ range }) => widestTick(range, cssFont(SMALL))));
  const columns = Math.max(3, panels.length); // room for the title and the legend
  const width = 2 * MARGIN + columns * COLUMN + (columns - 1) * PANEL_GAP;
  const column = (width - 2 * MARGIN - (panels.length - 1) * PANEL_GAP) / panels.length;
  const plotWidth = column - AXIS_NAME - labelWidth;
  const left = (panel: number) => MARGIN + panel * (column + PANEL_GAP) + column - plotWidth;

  const heading = figureHeading(figure.title, figure.subtitle, width);
  const headings = panels.map((panel, i) => panelHeading(panel, left(i), heading.bottom + 12, plotWidth));
  const plotTop = Math.max(...headings.map(({ bottom }) => bottom)) + 12;
  const ends = panels.flatMap(({ curves }) => curves.flatMap(({ points }) => [points[0], points.at(-1)]));
  const epochs = ends.flatMap((point) => (point === undefined ? [] : [point[0]]));

  const option: EChartsOption = {
    title: [...heading.lines, ...headings.map(({ lines }) => lines)],
    legend: legend(panels[0]?.curves ?? []),
    grid: panels.map((_, i) => ({
      left: left(i),
      top: plotTop,
      width: plotWidth,
      height: PLOT_HEIGHT,
      // The room for labels and names is already in these numbers.
      outerBoundsMode: "none",
    })),
    xAxis: panels.map((_, i) => epochAxis(i, epochs)),
    yAxis: panels.map((panel, i) => valueAxis(i, panel)),
    series: panels.flatMap(({ curves, range }, i) => curves.map((curve) => lineSeries(i, curve, range))),
  };
  return { option, size: { width, height: plotTop + PLOT_HEIGHT + EPOCH_AXIS } };
}

function figureHeading(
  title: string,
  subtitle: string,
  width: number,
): { lines: TitleComponentOption[]; bottom: number } {
  const lines: TitleComponentOption[] = [];
  let bottom = TOP;
  const add = (text: string, textStyle: typeof TITLE | typeof TEXT) => {
    if (text === "") return;
    const wrapped = wrapText(text, cssFont(textStyle), width - 2 * MARGIN - LEGEND_WIDTH);
    lines.push({ left: MARGIN, top: bottom, padding: 0, text: wrapped.join("\n"), textStyle });
    bottom += wrapped.length * textStyle.lineHeight + 2;
  };
  add(title, TITLE);
  add(subtitle, TEXT);
  return { lines, bottom };
}

/** The name and formula of a panel, the last value of each curve in its colour, and the note. */
function panelHeading(
  { name, formula, curves, note }: Panel,
  left: number,
  top: number,
  width: number,
): { lines: TitleComponentOption; bottom: number } {
  const last = curves.flatMap(({ glyph, points }, i) => {
    const value = points.findLast(([, y]) => !Number.isNaN(y))?.[1];
    return value === undefined ? [] : [`{curve${i}|${glyph} ${formatValue(value)}}`];
  });
  const styles = curves.map(({ color }, i) => [`curve${i}`, { ...TEXT, fontWeight: "bold", color }]);
  const notes = note === undefined ? [] : wrapText(note, cssFont(SMALL), width);
  const lines = [
    `{name|${name}}  ${formula}`,
    ...(last.length > 0 ? [`last  ${last.join("    ")}`] : []),
    ...notes.map((line) => `{note|${line}}`),
  ];
  return {
    lines: {
      left,
      top,
      padding: 0,
      text: lines.join("\n"),
      textStyle: {
        ...TEXT,
        rich: {
          name: { ...TEXT, fontWeight: "bold", fontSize: 14, color: INK },
          sub: { ...TEXT, fontSize: 9, verticalAlign: "bottom", padding: [0, 0, 4, 0] },
          note: SMALL,
          ...Object.fromEntries(styles),
        },
      },
    },
    bottom: top + lines.length * TEXT.lineHeight,
  };
}

function legend(curves: Curve[]): LegendComponentOption {
  return {
    right: MARGIN,
    top: TOP,
    padding: 0,
    itemGap: 18,
    itemWidth: 28,
    itemHeight: 9,
    selectedMode: false,
    textStyle: { ...TEXT, color: INK },
    data: curves.map(({ name }) => name),
  };
}
