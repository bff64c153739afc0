import type { ExportFormat } from "./exportFormat.ts";
import { safetensors } from "./safetensors.ts";
import { tfjs } from "./tfjs.ts";

/** Every format that a model can be exported to. */
export const exportFormats = { tfjs, safetensors } satisfies Record<string, ExportFormat>;

export type ExportFormatName = keyof typeof exportFormats;

export const exportFormatNames = Object.keys(exportFormats) as ExportFormatName[];
