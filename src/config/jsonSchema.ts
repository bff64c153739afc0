import { z } from "zod";
import { configSchema } from "./schema.ts";

/** The JSON schema of a configuration file, which the build writes to `schemaFile`. */
export const jsonSchema = () => z.toJSONSchema(configSchema, { io: "input" });
