import { keras } from "./keras.ts";
import type { Tool } from "./tool.ts";

/** The same loss as in the Keras example; it is summed over the batch too, which Adam does not notice. */
export const pytorchExample: Tool = {
  ...keras,
  title: "PyTorch example",
  source: "pytorch/examples, vae/main.py",
};
