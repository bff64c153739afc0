import type { Table } from "../render.ts";

/** What a report says, from which its Markdown and its HTML are made. */
export interface Document {
  readonly title: string;
  readonly blocks: readonly Block[];
}

export type Block =
  | { readonly kind: "heading"; readonly text: string }
  /** What is between backticks is code. */
  | { readonly kind: "paragraph"; readonly text: string }
  | { readonly kind: "list"; readonly items: readonly string[] }
  | { readonly kind: "code"; readonly language: "sh" | "yaml"; readonly text: string }
  | { readonly kind: "table"; readonly table: Table }
  /** A picture in a file, and what it shows. */
  | { readonly kind: "figure"; readonly file: string; readonly what: string };
