/**
 * The values that a density is for. `canDiverge`: where values repeat exactly, as bytes do, it can grow without bound, so
 * that it needs values spread over an interval.
 */
export type Support =
  | { readonly set: "real"; readonly canDiverge: boolean }
  | { readonly set: "unit interval"; readonly canDiverge: true }
  | { readonly set: "binary" }
  /** k / (K − 1), k = 0 … K − 1. */
  | { readonly set: "levels"; readonly levels: number }
  /** The 256 values v / 255 of a byte. */
  | { readonly set: "bytes" }
  /** 0, 1, 2 … */
  | { readonly set: "counts" }
  /** Of a loss that is no density. */
  | { readonly set: "any" };

/** What a density is taken against; `none` for what is no density. Numbers on different measures are never ranked. */
export type BaseMeasure = "Lebesgue" | "counting" | "none";

export const baseMeasureOf = ({ set }: Support): BaseMeasure =>
  set === "any" ? "none" : set === "real" || set === "unit interval" ? "Lebesgue" : "counting";
