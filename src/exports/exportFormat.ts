import type { Subject } from "./subject.ts";

/** What an export consists of besides its card. */
export interface Written {
  /** What is in each file, by its name. */
  readonly files: ReadonlyMap<string, string | Uint8Array>;
  /** What is left out, and why, one sentence each. */
  readonly notes: readonly string[];
  /** How to load it, as Markdown for the card. */
  readonly loading: string;
}

/** One format that a model is written in: a file that exports this object, and its line in `index.ts`. */
export interface ExportFormat {
  /** Fails, with the reason and what does go, where the format cannot say what the model computes. */
  write(subject: Subject): Promise<Written>;
}
