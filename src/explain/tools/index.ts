import { didYouMean, VaeError } from "../../base/errors.ts";
import { disentanglementLib } from "./disentanglementLib.ts";
import { disentanglingVae } from "./disentanglingVae.ts";
import { bce, mse, sae, sse } from "./generic.ts";
import { keras } from "./keras.ts";
import { pythae } from "./pythae.ts";
import { pytorchExample } from "./pytorchExample.ts";
import { pytorchVae } from "./pytorchVae.ts";
import { tfjsExamples } from "./tfjsExamples.ts";
import type { Tool } from "./tool.ts";

/** What `--from` takes. */
export const tools = {
  pythae,
  "pytorch-vae": pytorchVae,
  keras,
  "pytorch-example": pytorchExample,
  "tfjs-examples": tfjsExamples,
  "disentangling-vae": disentanglingVae,
  "disentanglement-lib": disentanglementLib,
  sse,
  mse,
  sae,
  bce,
} satisfies Record<string, Tool>;

export const toolNames = Object.keys(tools) as (keyof typeof tools)[];

/** The ways to write a loss. */
export const generic: readonly Tool[] = [sse, mse, sae, bce];

/** The tools that are programs and not just a way to write a loss. */
export const programs: readonly Tool[] = Object.values<Tool>(tools).filter((tool) => tool.source);

export function findTool(name: string): Tool {
  const known = toolNames.find((tool) => tool === name);
  if (known) return tools[known];
  throw new VaeError(
    "usage",
    `--from ${name}: no such tool is known. Accepted: ${toolNames.join(", ")}.${didYouMean(name, toolNames)} ` +
      `Any other loss is one of the last four: \`--from sse --kl-weight 2\` is SSE + 2 KL.`,
  );
}
