import type { PageData } from "../pageData.ts";
import { drawing } from "./drawing.ts";
import { element } from "./element.ts";
import { examples } from "./examples.ts";
import { exploredOf, Place } from "./explored.ts";
import { map } from "./map.ts";
import { noise } from "./noise.ts";
import { fixed, rounded } from "./numbers.ts";
import { startPlayer } from "./player.ts";
import { sliders } from "./sliders.ts";
import { stage } from "./stage.ts";
import { tabs } from "./tabs.ts";

declare global {
  var vaeRun: PageData;
}

/** Decodes until the browser has compiled what they run, so that the first slider moves at its full speed. */
const WARM_UP = 5;

start(globalThis.vaeRun).catch((error) => document.body.append(`The page does not start: ${error}`));

async function start(data: PageData): Promise<void> {
  document.title = `${data.run}: ${data.title}`;
  const explored = exploredOf(data, await startPlayer(data));
  for (let i = 0; i < WARM_UP; i++) explored.decode(explored.origin, 0);
  const place = new Place(Float32Array.from(explored.origin));
  document.body.replaceChildren(
    heading(data),
    element(
      "main",
      {},
      stage(explored, place),
      tabs([
        sliders(explored, place),
        ...(data.latentDim > 1 ? [map(explored, place)] : []),
        drawing(explored, place),
        examples(explored, place),
        ...(data.noise ? [noise(explored, place, data.noise)] : []),
      ]),
    ),
  );
}

function heading({ title, run, checkpoint, formula, isDensity, numbers }: PageData): HTMLElement {
  const [distortion, rate] = [rounded(numbers.distortion), rounded(numbers.rate)];
  const total = fixed(distortion + rate);
  return element(
    "header",
    {},
    element("h1", {}, title),
    element(
      "p",
      {},
      isDensity
        ? `−ELBO ${total} nats per image = distortion ${fixed(distortion)} + rate ${fixed(rate)}, ${numbers.of}`
        : `loss ${fixed(distortion)}, rate ${fixed(rate)} nats, ${numbers.of}`,
    ),
    element("p", { class: "quiet" }, `${formula} · run ${run}, ${checkpoint}`),
  );
}
