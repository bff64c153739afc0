import type { NoiseScales, PageData } from "../pageData.ts";
import { element, freshId, svg } from "./element.ts";
import { fixed, rounded, significant } from "./numbers.ts";
import type { Tab } from "./tabs.ts";

// Of the drawing, in its own units.
const [WIDTH, HEIGHT, LEFT, BOTTOM, TOP] = [560, 260, 64, 40, 12];

/** What the images cost at another scale of the noise, with the weights as they are. */
export function noise({ examples }: PageData, scales: NoiseScales): Tab {
  const { symbol, isFactor, images, own, equal, rate } = scales;
  const totals = scales.distortion.map((distortion) => distortion + rate);
  const best = totals.indexOf(Math.min(...totals));
  const id = freshId("scale");
  const { drawing, moveTo } = chart(scales, totals, best);
  const output = element("output", { for: id });
  const body = element("tbody");
  const words = element("p", { class: "about", "aria-live": "polite" });
  const named = (i: number) => `${significant(scales.scales[i]!)}${isFactor ? ` ${symbol}(z)` : ""}`;
  const tell = () => {
    const i = Number(input.value);
    const [distortion, rateShown] = [rounded(scales.distortion[i]!), rounded(rate)];
    output.textContent = `${symbol}${isFactor ? " times" : " ="} ${isFactor ? significant(scales.scales[i]!) : named(i)}`;
    const rows: [string, string][] = [
      ["distortion, −log p(x|z)", fixed(distortion)],
      ["rate, KL(q(z|x) ‖ p(z))", fixed(rateShown)],
      ["−ELBO, their sum", fixed(distortion + rateShown)],
      ["above the best scale", fixed(rounded(totals[i]! - totals[best]!))],
    ];
    if (equal) {
      rows.push([`the same weights as ${equal.error} + w · KL, with w`, significant(equal.weights[i]!)]);
      rows.push([
        `the same weights as ${symbol} = ${named(own)}, with β`,
        significant(equal.weights[i]! / equal.weights[own]!),
      ]);
    }
    body.replaceChildren(
      ...rows.map(([name, value]) =>
        element("tr", {}, element("th", { scope: "row" }, name), element("td", {}, value)),
      ),
    );
    words.textContent =
      i === own
        ? `This is the scale of the run. The best for these images is ${named(best)}.`
        : "The weights stay as they were trained; trained at this scale they would be others.";
    moveTo(i);
  };
  const input = element("input", {
    ...{ type: "range", id, min: 0, max: scales.scales.length - 1, step: 1, value: own },
    input: tell,
  });
  const at = (name: string, place: number) =>
    element(
      "button",
      {
        type: "button",
        click() {
          input.value = String(place);
          tell();
        },
      },
      name,
    );
  tell();
  const formula = equal?.error === "SSE" ? `β = 2${symbol}²` : `β = ${symbol}`;
  return {
    name: "Noise",
    panel: element(
      "div",
      {},
      element(
        "p",
        { class: "about" },
        `What ${images} ${examples.split} images cost if the noise had another scale, decoded from one z ~ q(z|x) each. The reconstructions and the rate stay; what an error of them costs does not.` +
          (equal
            ? ` With a fixed scale the loss is ${equal.error} + β·KL with ${formula}, up to a factor and a constant.`
            : ""),
      ),
      element(
        "div",
        { class: "slider wide" },
        element("label", { for: id }, "scale of the noise"),
        input,
        output,
      ),
      element("p", { class: "buttons" }, at("the run’s own", own), at("the best", best)),
      drawing,
      element("table", { class: "loss" }, body),
      words,
    ),
  };
}

/** −ELBO and distortion over the scale, and a line where the slider is. */
function chart(
  { scales, distortion, own, symbol, isFactor }: NoiseScales,
  totals: readonly number[],
  best: number,
) {
  const low = Math.min(...distortion, ...totals);
  // What a scale far too small costs would leave no room for the rest.
  const high = Math.max(totals[own]!, totals.at(-1)!) + 0.15 * (totals.at(-1)! - low);
  const x = (i: number) => LEFT + ((WIDTH - LEFT - 8) * i) / (scales.length - 1);
  const y = (value: number) => TOP + ((HEIGHT - TOP - BOTTOM) * (high - value)) / (high - low);
  const clip = freshId("clip");
  const curve = (values: readonly number[], name: string) =>
    svg("polyline", { class: name, points: values.map((value, i) => `${x(i)},${y(value)}`).join(" ") });
  const ticks = scales.flatMap((scale, i) => (i % 8 === 0 ? [{ i, text: significant(scale, 2) }] : []));
  const levels = [0, 1, 2, 3].map((k) => low + ((high - low) * k) / 3.3);
  const now = svg("line", { class: "now", y1: TOP, y2: HEIGHT - BOTTOM });
  const drawing = svg(
    "svg",
    {
      ...{ viewBox: `0 0 ${WIDTH} ${HEIGHT}`, role: "img", class: "chart" },
      "aria-label": `−ELBO and distortion by the scale of the noise; the least −ELBO is at ${significant(scales[best]!)}`,
    },
    svg(
      "clipPath",
      { id: clip },
      svg("rect", { x: LEFT, y: TOP, width: WIDTH - LEFT, height: HEIGHT - TOP - BOTTOM }),
    ),
    ...levels.flatMap((level) => [
      svg("line", { class: "grid", x1: LEFT, x2: WIDTH - 8, y1: y(level), y2: y(level) }),
      svg("text", { x: LEFT - 8, y: y(level) + 4, "text-anchor": "end" }, fixed(level, 0)),
    ]),
    ...ticks.map(({ i, text }) =>
      svg("text", { x: x(i), y: HEIGHT - BOTTOM + 18, "text-anchor": "middle" }, text),
    ),
    svg(
      "text",
      { x: (LEFT + WIDTH) / 2, y: HEIGHT - 4, "text-anchor": "middle" },
      isFactor ? `times ${symbol}(z)` : symbol,
    ),
    svg("g", { "clip-path": `url(#${clip})` }, curve(distortion, "distortion"), curve(totals, "total")),
    now,
    svg("circle", { class: "own", cx: x(own), cy: y(totals[own]!), r: 4 }),
    svg(
      "text",
      { class: "total", x: WIDTH - 12, y: y(totals.at(-1)!) - 8, "text-anchor": "end" },
      "−ELBO, nats",
    ),
    svg(
      "text",
      { class: "distortion", x: WIDTH - 12, y: y(distortion.at(-1)!) + 18, "text-anchor": "end" },
      "distortion",
    ),
  );
  const moveTo = (i: number) => {
    for (const name of ["x1", "x2"]) now.setAttribute(name, String(x(i)));
  };
  return { drawing, moveTo };
}
