// Writes what is derived from the schema: the README's settings table.
import { readFileSync, writeFileSync } from "node:fs";
import { settingsTable } from "../dist/config/settingsTable.js";

const readme = new URL("../README.md", import.meta.url);
const text = readFileSync(readme, "utf8");
const table = /(<!-- settings -->\n)[\s\S]*?(<!-- \/settings -->)/;
writeFileSync(
  readme,
  text.replace(table, (_, open, close) => `${open}${settingsTable()}\n${close}`),
);
