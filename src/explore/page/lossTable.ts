import type { PageData } from "../pageData.ts";
import { element } from "./element.ts";
import type { Score } from "./explored.ts";
import { fixed, rounded, sum } from "./numbers.ts";

/** The loss of one image taken apart. What is printed adds up. */
export function lossTable({ terms, isDensity, draws }: PageData) {
  const body = element("tbody");
  const head = element("thead", {}, row(["", isDensity ? "nats" : "loss"], "th"));
  const caption = element("caption", {}, `Means over ${draws} draws of z ~ q(z|x).`);
  const tell = (score: Score) => {
    const parts = score.terms.map((term) => rounded(term));
    const distortion = sum(parts);
    const rate = rounded(score.rate);
    const rows = [
      row([isDensity ? "distortion, −log p(x|z)" : "reconstruction loss", fixed(distortion)]),
      ...(parts.length > 1 ? terms.map((term, i) => row([term, fixed(parts[i]!)], "td", "part")) : []),
      row(["rate, KL(q(z|x) ‖ p(z))", fixed(rate)]),
      row([isDensity ? "−ELBO, their sum" : "their sum", fixed(distortion + rate)], "td", "total"),
    ];
    body.replaceChildren(...rows);
  };
  return { table: element("table", { class: "loss" }, caption, head, body), tell };
}

const row = (cells: readonly [string, string], tag: "td" | "th" = "td", className = "") =>
  element(
    "tr",
    { class: className },
    element("th", { scope: tag === "th" ? "col" : "row" }, cells[0]),
    element(tag, tag === "th" ? { scope: "col" } : {}, cells[1]),
  );
