/** An explanation, from which the terminal's text, the Markdown and the JSON are made. */
export interface Page {
  readonly title: string;
  /** In the order in which they are read; the names are those of the JSON. */
  readonly sections: Readonly<Record<string, Section>>;
}

export interface Section<Facts = unknown> {
  readonly title: string;
  /** For people. */
  readonly blocks: readonly Block[];
  /** The same for programs: what `--json` prints. */
  readonly facts: Facts;
}

export type Block =
  | { readonly kind: "paragraph"; readonly text: string }
  | { readonly kind: "formula"; readonly lines: readonly string[] }
  | { readonly kind: "list"; readonly items: readonly string[] }
  /** A derivation: each line a formula and what allows it. */
  | { readonly kind: "steps"; readonly steps: readonly Step[] }
  | { readonly kind: "table"; readonly head: readonly string[]; readonly rows: readonly Row[] }
  | { readonly kind: "yaml"; readonly text: string };

export interface Step {
  readonly formula: string;
  readonly because: string;
}

/** Cells; those of a column of numbers are set to the right. */
export type Row = readonly string[];

export const paragraph = (text: string): Block => ({ kind: "paragraph", text });
export const list = (...items: string[]): Block => ({ kind: "list", items });
