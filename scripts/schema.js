// Writes the JSON schema of a configuration file: for editors, and for flags and help. Part of the build.
import { writeFileSync } from "node:fs";
import { jsonSchema } from "../dist/config/jsonSchema.js";
import { schemaFile } from "../dist/config/settings.js";

writeFileSync(schemaFile, `${JSON.stringify(jsonSchema(), null, 2)}\n`);
