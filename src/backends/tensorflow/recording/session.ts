import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Handle } from "../tfjsNode.ts";
import type { Graph } from "./graph.ts";
import { TAG } from "./savedModel.ts";

/** A graph with TensorFlow, and the values of its variables. */
export interface Session {
  /**
   * Computes the values named in `fetches`, and only what they need, from tensors for placeholders. The new tensors
   * are the caller's to delete.
   */
  run(
    feeds: readonly (readonly [placeholder: string, tensor: number])[],
    fetches: readonly string[],
  ): Handle[];
  close(): void;
}

/** Hands a graph to TensorFlow. The binding takes one from a file alone, which is gone when this returns. */
export function openSession(graph: Graph): Session {
  const { binding } = graph;
  const folder = mkdtempSync(join(tmpdir(), "vae-graph-"));
  let id: number;
  try {
    writeFileSync(join(folder, "saved_model.pb"), graph.encode());
    id = binding.loadSavedModel(folder, TAG);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
  return {
    run: (feeds, fetches) =>
      binding.runSavedModel(
        id,
        feeds.map(([, tensor]) => tensor),
        feeds.map(([placeholder]) => output(placeholder)).join(","),
        fetches.map(output).join(","),
      ),
    close: () => binding.deleteSavedModel(id),
  };
}

/** The binding wants the output of a node to be named even where there is one. */
const output = (value: string) => (value.includes(":") ? value : `${value}:0`);
