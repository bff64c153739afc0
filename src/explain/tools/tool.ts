import type { Equivalent, ErrorName } from "../reductions/reduction.ts";

/** What another tool's user may have set, under our names for it; each tool says which of these it has. */
export interface ToolSettings {
  /** `--beta`: the tool's own β. */
  readonly beta: number;
  /** `--kl-weight`: what the KL is multiplied with, by whatever name. */
  readonly klWeight: number;
  /** `--reconstruction-loss`, by the tool's own names. */
  readonly reconstructionLoss: string;
}

/** A loss `a · error + b · KL` for one image, with pixels in [0, 1] and the error and the KL summed. */
export interface WrittenLoss {
  readonly error: ErrorName;
  readonly a: number;
  readonly b: number;
}

/** A loss as somebody else writes it. */
export interface Tool {
  readonly title: string;
  /** Its repository and the file with the loss, or nothing for a loss that many write. */
  readonly source?: string;
  /** The loss as it is written there. */
  readonly written: string;
  /** What that implies, in a word for tables. */
  readonly implies: string;
  /** The settings that it has, with its defaults. */
  readonly defaults: Partial<ToolSettings>;
  readonly reconstructionLosses?: readonly string[];
  /** Whether the error is a mean over the D values of an image, so that D is part of the noise level. */
  readonly isMean?: true;
  /** Where D counts and the user does not say it; absent: that of the dataset. */
  readonly imageSize?: readonly [height: number, width: number, channels: number];
  loss(settings: ToolSettings, D: number): WrittenLoss;
  /** The settings with which it trains `error + weight · KL`, or nothing where it cannot. */
  express(equivalent: Equivalent, D: number): { settings: string; loss: WrittenLoss } | undefined;
  /** What else its users should know. */
  readonly note?: string;
}
