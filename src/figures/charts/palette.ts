/** Ten that are told apart by hue and lightness (Okabe and Ito's, and three beside); further classes share them. */
export const CLASS_COLORS = [
  ...["#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00"],
  ...["#56B4E9", "#000000", "#7F3C8D", "#A5AA99", "#8B5A2B"],
];
