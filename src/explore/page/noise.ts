import type { NoiseScales } from "../pageData.ts";
import { element, freshId } from "./element.ts";
import { type Explored, onceAFrame, type Place } from "./explored.ts";
import { noiseChart } from "./noiseChart.ts";
import { fixed, floatsOf, rounded, significant } from "./numbers.ts";
import { picture, show } from "./picture.ts";
import type { Tab } from "./tabs.ts";

/** What the images cost at another scale of the noise, with the weights as they are. */
export function noise(explored: Explored, place: Place, scales: NoiseScales): Tab {
  const { examples, image } = explored.data;
  const { symbol, isFactor, images, own, equal, rate } = scales;
  const totals = scales.distortion.map((distortion) => distortion + rate);
  const best = totals.indexOf(Math.min(...totals));
  const id = freshId("scale");
  const { drawing, moveTo } = noiseChart(scales, totals, best);
  const output = element("output", { for: id });
  const body = element("tbody");
  const words = element("p", { class: "about", "aria-live": "polite" });
  const tell = () => {
    const i = Number(input.value);
    output.textContent = isFactor
      ? `${symbol} times ${significant(scales.scales[i]!)}`
      : `${symbol} = ${named(scales, i)}`;
    const rows = [
      ...costRows(scales, i),
      ["above the best scale", fixed(totals[i]! - totals[best]!)] as const,
      ...equalRows(scales, i),
    ];
    body.replaceChildren(
      ...rows.map(([name, value]) =>
        element("tr", {}, element("th", { scope: "row" }, name), element("td", {}, value)),
      ),
    );
    words.textContent =
      i === own
        ? `This is the scale of the run. The best for these images is ${named(scales, best)}.`
        : "The weights stay as they were trained; trained at this scale they would be others.";
    moveTo(i);
    drawNoise();
  };
  const standard = scales.standard === undefined ? undefined : floatsOf(scales.standard);
  const noisy = picture(image, "a draw from p(x|z) at this scale");
  const drawNoise = onceAFrame(() => {
    if (!standard || panel.hidden) return;
    const scale = scales.scales[Number(input.value)]!;
    show(
      noisy,
      explored.decode(place.z, place.y).map((value, i) => value + scale * standard[i]!),
      image,
    );
  });
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
  const formula = equal?.error === "SSE" ? `β = 2${symbol}²` : `β = ${symbol}`;
  const panel = element(
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
    element(
      "div",
      { class: "observed" },
      element("table", { class: "loss" }, body),
      ...(standard
        ? [
            element(
              "figure",
              { class: "draw" },
              noisy,
              element("figcaption", {}, `x ~ p(x|z) at this ${symbol}`),
            ),
          ]
        : []),
    ),
    words,
  );
  tell();
  place.follow(drawNoise);
  return { name: "Noise", panel, onShow: drawNoise };
}

/** A scale as people read it. */
const named = ({ scales, symbol, isFactor }: NoiseScales, i: number) =>
  `${significant(scales[i]!)}${isFactor ? ` ${symbol}(z)` : ""}`;

type Row = readonly [name: string, value: string];

/** What is printed adds up. */
function costRows(scales: NoiseScales, i: number): Row[] {
  const [distortion, rate] = [rounded(scales.distortion[i]!), rounded(scales.rate)];
  return [
    ["distortion, −log p(x|z)", fixed(distortion)],
    ["rate, KL(q(z|x) ‖ p(z))", fixed(rate)],
    ["−ELBO, their sum", fixed(distortion + rate)],
  ];
}

/** The same best weights in terms of the familiar error, and of the run's own scale. */
function equalRows(scales: NoiseScales, i: number): Row[] {
  const { equal, own, symbol } = scales;
  if (!equal) return [];
  const [weight, ofOwn] = [equal.weights[i]!, equal.weights[own]!];
  return [
    [`training at this ${symbol} minimises ${equal.error} + w · KL, w`, significant(weight)],
    [`the same as ${symbol} = ${named(scales, own)} with β`, significant(weight / ofOwn)],
  ];
}
