import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as tf from "../../../tf.ts";
import type { NodeBackend } from "../tfjsNode.ts";
import type { Graph } from "./graph.ts";
import { TAG } from "./savedModel.ts";

/** A graph with TensorFlow, and the values of its variables. */
export interface Session {
  /**
   * Computes the values named in `fetches`, and only what they need, from tensors for placeholders, in their order.
   * The results are the caller's.
   */
  run(
    placeholders: readonly string[],
    tensors: readonly tf.Tensor[],
    fetches: readonly string[],
  ): tf.Tensor[];
  close(): void;
}

/** Hands a graph to TensorFlow. The binding takes one from a file alone, which is gone when this returns. */
export function openSession(graph: Graph): Session {
  const { binding } = graph;
  const backend = tf.backend() as NodeBackend;
  const folder = mkdtempSync(join(tmpdir(), "vae-graph-"));
  let id: number;
  try {
    writeFileSync(join(folder, "saved_model.pb"), graph.encode());
    id = binding.loadSavedModel(folder, TAG);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
  return {
    run: (placeholders, tensors, fetches) =>
      binding
        .runSavedModel(
          id,
          backend.getInputTensorIds(tensors),
          placeholders.map(output).join(","),
          fetches.map(output).join(","),
        )
        .map((handle) => backend.createOutputTensor(handle)),
    close: () => binding.deleteSavedModel(id),
  };
}

/** The binding wants the output of a node to be named even where there is one. */
const output = (value: string) => (value.includes(":") ? value : `${value}:0`);
