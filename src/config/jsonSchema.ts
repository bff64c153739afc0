import { z } from "zod";
import { configSchema } from "./schema.ts";

/** The JSON schema of a configuration file, which the build writes to `schemaFile`. */
export const jsonSchema = () =>
  z.toJSONSchema(configSchema, { io: "input", override: ({ jsonSchema }) => allowBareKind(jsonSchema) });

/** A section of several kinds may be the name of one: `likelihood: gaussian`. */
function allowBareKind(schema: z.core.JSONSchema.BaseSchema): void {
  const variants = schema.oneOf?.map(({ properties }) => Object.values(properties ?? {})[0]);
  const kinds = variants?.map((tag) => (typeof tag === "object" ? tag.const : undefined));
  if (kinds?.every((kind) => typeof kind === "string"))
    schema.oneOf!.push({ type: "string", enum: kinds as string[] });
}
