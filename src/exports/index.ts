import type { ExportFormat } from "./exportFormat.ts";
import { onnx } from "./onnx.ts";
import { safetensors } from "./safetensors.ts";
import { tfjs } from "./tfjs.ts";

/** Every format that a model can be exported to. */
export const exportFormats = { tfjs, onnx, safetensors } satisfies Record<string, ExportFormat>;

export type ExportFormatName = keyof typeof exportFormats;
