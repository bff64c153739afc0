import { PNG } from "pngjs";
import { describe, expect, test } from "vitest";
import { cutToRange, epochTicks, niceRange, readableRange } from "../src/figures/charts/axisRange.ts";
import { FONT_FAMILY, textWidth, wrapText } from "../src/figures/charts/font.ts";
import { formatTick, formatValue } from "../src/figures/charts/formatNumber.ts";
import { type CurveRow, type LossChartMeta, lossChart } from "../src/figures/charts/lossChart.ts";
import { lossCurves } from "../src/figures/charts/lossCurves.ts";
import { renderChart } from "../src/figures/charts/renderChart.ts";
import { objectiveFor } from "../src/objectives/forModel.ts";
import { createObjective, objectiveSchema } from "../src/objectives/index.ts";

/** Curves that fall from `from` to `to`, validation a little above training. */
function curves(epochs: number, from = 150, to = 80): CurveRow[] {
  return Array.from({ length: epochs }, (_, i) => {
    const distortion = to + (from - to) * Math.exp((-5 * i) / epochs);
    const rate = 25 - 20 * Math.exp((-5 * i) / epochs);
    const row = { epoch: i + 1, split: "train" as const, loss: distortion + rate, distortion, rate };
    return [row, { ...row, split: "validation" as const, loss: row.loss + 2, distortion: distortion + 2 }];
  }).flat();
}

const elbo = (warmup = 0, beta = 1) => createObjective(objectiveSchema.parse({ kind: "elbo", beta, warmup }));
const meta: LossChartMeta = {
  title: "digits, Bernoulli",
  subtitle: "20 latent dimensions",
  ...lossCurves(elbo(), false),
};

type Area = { left: number; top: number; right: number; bottom: number };

/** The box around everything that is not white, in pixels of the picture. */
function ink({ data, width, height }: PNG, within: Partial<Area> = {}): Area | undefined {
  const { left = 0, top = 0, right = width, bottom = height } = within;
  const box = { left: right, top: bottom, right: -1, bottom: -1 };
  for (let y = top; y < bottom; y++) {
    for (let x = left; x < right; x++) {
      const at = 4 * (y * width + x);
      if (data[at]! + data[at + 1]! + data[at + 2]! > 3 * 250) continue;
      if (x < box.left) box.left = x;
      if (x > box.right) box.right = x;
      if (y < box.top) box.top = y;
      box.bottom = y;
    }
  }
  return box.right < 0 ? undefined : box;
}

describe("renderChart", () => {
  const draw = async (text: string, fontWeight: "normal" | "bold" = "normal") => {
    const title = { text, left: 20, top: 20, padding: 0, textStyle: { fontSize: 20, fontWeight } };
    return PNG.sync.read(await renderChart({ title }, { width: 600, height: 60 }).png());
  };

  test("draws at twice the size, or at the scale asked for, on opaque white", async () => {
    const twice = await draw("x");
    expect([twice.width, twice.height]).toEqual([1200, 120]);
    expect([...twice.data.subarray(0, 4)]).toEqual([255, 255, 255, 255]);
    const once = PNG.sync.read(await renderChart({}, { width: 300, height: 60 }).png(1));
    expect([once.width, once.height]).toEqual([300, 60]);
  });

  test.each(["normal", "bold"] as const)("text is as wide as measured (%s)", async (weight) => {
    // These letters fill their advance but for a pixel at each side; a fallback font would differ by far more.
    const text = "MHMH β·KL = −0.5 nats per image MHM";
    const box = ink(await draw(text, weight))!;
    const measured = 2 * textWidth(text, `${weight} 20px ${FONT_FAMILY}`);
    expect(box.right - box.left).toBeGreaterThan(measured - 12);
    expect(box.right - box.left).toBeLessThan(measured + 2);
  });

  test("characters that XML forbids, markup and characters without a glyph do not lose the chart", async () => {
    expect(ink(await draw("a & <b> \u0000\u001b[31m {x|y} \ud800 日本"))).toBeDefined();
  });
});

describe("the panels of an objective", () => {
  const panels = (config: object, isBareLoss = false) =>
    lossCurves(createObjective(objectiveSchema.parse(config)), isBareLoss).quantities.map(
      ({ title }) => title,
    );
  test.each<[object, string[]]>([
    [{ kind: "elbo" }, ["Loss", "Distortion", "Rate"]],
    [{ kind: "elbo", beta: 4 }, ["Loss", "−ELBO", "Distortion", "Rate"]],
    [{ kind: "elbo", warmup: 3 }, ["Loss", "−ELBO", "Distortion", "Rate"]],
    [{ kind: "iwae", samples: 1 }, ["Loss", "Distortion", "Rate"]],
    [{ kind: "dreg" }, ["Loss", "−ELBO", "Distortion", "Rate"]],
    [{ kind: "freeBits" }, ["Loss", "−ELBO", "Free-bits rate", "Distortion", "Rate"]],
    [{ kind: "capacity" }, ["Loss", "−ELBO", "Distortion", "Rate"]],
  ])("have the bound at β = 1 where the loss is another: %j", (config, titles) => {
    expect(panels(config)).toEqual(titles);
  });

  test("are the loss alone without a latent, whatever the objective's β", () => {
    const objective = objectiveSchema.parse({ kind: "elbo", beta: 4 });
    const { quantities, controls } = lossCurves(
      objectiveFor(objective, { inferred: "nothing", target: { show: "image" } as never, noise: [] }),
      false,
    );
    expect(quantities.map(({ title, formula }) => [title, formula])).toEqual([["Loss", "−log p(x|y)"]]);
    expect(controls).toBe("");
  });

  test("have no bound of a bare loss", () => {
    expect(panels({ kind: "elbo", beta: 4 }, true)).toEqual(["Loss", "Reconstruction", "Rate"]);
  });
});

describe("lossChart", () => {
  test("gives equal bytes for equal input", async () => {
    const [first, second] = await Promise.all([
      lossChart(curves(10), meta).png(),
      lossChart(curves(10), meta).png(),
    ]);
    expect(first.equals(second)).toBe(true);
  });

  test("draws the title, both axes' labels and the curves of three panels", async () => {
    const png = PNG.sync.read(await lossChart(curves(10), meta).png());
    const untitled = PNG.sync.read(await lossChart(curves(10), { ...meta, title: " " }).png());
    const heading = { right: 1000, top: 36, bottom: 80 };
    expect(png.width).toBe(2080);
    expect(png.height).toBe(untitled.height);
    expect(ink(png, heading)).toBeDefined();
    expect(ink(untitled, heading)).toBeUndefined();
    for (const left of [48, 728, 1408]) {
      // The column holds the axis name and the labels; the strip below the plot the epochs and their name.
      expect(ink(png, { left, right: left + 90, top: 260, bottom: png.height - 120 })).toBeDefined();
      expect(ink(png, { left: left + 120, right: left + 600, top: png.height - 100 })).toBeDefined();
    }
    const colors = new Set<number>();
    for (let at = 0; at < png.data.length; at += 4) colors.add(png.data.readUIntBE(at, 3));
    expect(colors).toContain(0x0072b2);
    expect(colors).toContain(0xd55e00);
  });

  const huge = curves(10).map((row) =>
    row.epoch === 1 ? { ...row, loss: 54_321, distortion: 54_300 } : row,
  );
  const gaps = curves(40).map((row) =>
    row.epoch % 7 === 0 ? { ...row, loss: Number.NaN, rate: Number.POSITIVE_INFINITY } : row,
  );
  const cases: Record<string, [CurveRow[], LossChartMeta?]> = {
    "no epoch": [[]],
    "one epoch": [curves(1)],
    "one split": [curves(5).filter(({ split }) => split === "train")],
    "500 epochs": [curves(500)],
    "negative losses": [curves(20, -600, -900)],
    "a huge first value": [huge],
    "values that are not finite": [gaps],
    "no finite value": [
      curves(3).map((row) => ({ ...row, loss: Number.NaN, distortion: Number.NaN, rate: Number.NaN })),
    ],
    "equal values": [curves(5).map((row) => ({ ...row, loss: 1e-9, distortion: 0, rate: 0 }))],
    "large and far apart": [curves(10, 3e38, -3e38)],
    "a long title": [
      curves(3),
      {
        title: `/runs/${"x".repeat(200)} `.repeat(2),
        subtitle: "and so on ".repeat(60),
        ...lossCurves(elbo(10, 4), false),
      },
    ],
    "five panels": [
      curves(6).map((row) => ({ ...row, elbo: -row.loss, freeRate: 30 })),
      { title: "digits", ...lossCurves(createObjective(objectiveSchema.parse({ kind: "freeBits" })), false) },
    ],
    "a bare loss without β": [curves(3), { title: "", quantities: lossCurves(elbo(), true).quantities }],
  };
  test.each(Object.entries(cases))("clips nothing: %s", async (_, [rows, its = meta]) => {
    const png = PNG.sync.read(await lossChart(rows, its).png());
    const box = ink(png)!;
    expect(Math.min(box.left, box.top)).toBeGreaterThan(16);
    expect(box.right).toBeLessThan(png.width - 16);
    expect(box.bottom).toBeLessThan(png.height - 16);
  });
});

describe("axes", () => {
  test("end on round values around the data", () => {
    expect(niceRange(105, 181)).toEqual({ min: 100, max: 200, step: 20 });
    expect(niceRange(-902, -598)).toEqual({ min: -950, max: -550, step: 50 });
    expect(niceRange(0, 0).min).toBe(0);
    const { min, max } = niceRange(42, 42);
    expect(min).toBeLessThan(42);
    expect(max).toBeGreaterThan(42);
  });

  test("leave out a few values that dwarf the rest, and nothing else", () => {
    const settled = [120, 118, 115, 112, 110, 109, 108, 107];
    expect(readableRange([54_321, 900, ...settled])).toEqual({ min: 105, max: 125, step: 5 });
    expect(readableRange([...settled, -54_321])).toMatchObject({ max: 120 });
    expect(readableRange([180, 170, ...settled]).max).toBeGreaterThanOrEqual(180);
    // A collapsed rate is flat, but its noise is nothing to look at.
    expect(readableRange([6, 4, 0.002, 0.001, 0.0012, 0.0011, 0.0013, 0.001]).max).toBeGreaterThanOrEqual(6);
    expect(readableRange([1, 1000]).max).toBeGreaterThanOrEqual(1000);
    expect(readableRange([])).toEqual({ min: 0, max: 1, step: 0.2 });
  });

  test("have whole epochs as ticks", () => {
    expect(epochTicks(1, 10)).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
    expect(epochTicks(1, 300)).toEqual([50, 100, 150, 200, 250, 300]);
    expect(epochTicks(7, 7)).toEqual([7]);
  });

  test("cut a line where it leaves them", () => {
    const range = { min: 0, max: 10, step: 5 };
    const cut = (...values: number[]) =>
      cutToRange(
        values.map((y, x) => [x, y] as const),
        range,
      );
    const gap = (x: number) => [x, Number.NaN];
    expect(cut(20, 0)).toEqual([gap(0), [0.5, 10], [1, 0]]);
    expect(cut(5, 15, 15)).toEqual([[0, 5], [0.5, 10], gap(1), gap(2)]);
    expect(cut(15, -5)).toEqual([gap(0), [0.25, 10], [0.75, 0], gap(1)]);
    expect(cut(5, Number.NaN, 15)).toEqual([[0, 5], gap(1), gap(2)]);
  });

  test("label ticks with the digits that tell them apart", () => {
    const label = (tick: number, min: number, max: number, step: number) =>
      formatTick(tick, { min, max, step });
    expect(label(-850, -950, -550, 50)).toBe("−850");
    expect(label(0.1 + 0.2, 0, 0.5, 0.1)).toBe("0.3");
    expect(label(-1e-17, -1, 1, 0.5)).toBe("0.0");
    expect(label(1500, 0, 2000, 500)).toBe("1,500");
    expect(label(1.25e9, 1e9, 2e9, 5e7)).toBe("1.25e9");
    expect([105.678, -1234.56, 123_456.7, 5.4321e12].map(formatValue)).toEqual([
      "105.68",
      "−1,234.6",
      "123,457",
      "5.43e12",
    ]);
  });
});

test("text wraps between words, and inside a word only where it must", () => {
  const width = textWidth("one two", "12px");
  expect(wrapText("one two three", "12px", width)).toEqual(["one two", "three"]);
  expect(wrapText("", "12px", width)).toEqual([""]);
  const lines = wrapText(`a ${"m".repeat(40)}`, "12px", width);
  expect(lines.join("")).toBe(`a${"m".repeat(40)}`);
  expect(lines.every((line) => textWidth(line, "12px") <= width)).toBe(true);
});

test("text is measured by the tables of the font", () => {
  // An em of DejaVu is 2048 units; its A is 1401 wide, and 1585 in bold.
  expect(textWidth("A", `2048px ${FONT_FAMILY}`)).toBe(1401);
  expect(textWidth("A", `bold 2048px ${FONT_FAMILY}`)).toBe(1585);
});
