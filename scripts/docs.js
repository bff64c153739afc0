// Writes what the README has of the program itself: the tables of settings and of likelihoods.
import { readFileSync, writeFileSync } from "node:fs";
import { settingsTable } from "../dist/config/settingsTable.js";
import { likelihoodTable } from "../dist/reporting/likelihoodTable.js";

const readme = new URL("../README.md", import.meta.url);
const tables = { settings: settingsTable(), likelihoods: likelihoodTable() };
writeFileSync(
  readme,
  readFileSync(readme, "utf8").replaceAll(
    /(<!-- (\w+) -->\n)[\s\S]*?(<!-- \/\2 -->)/g,
    (_, open, name, close) => `${open}${tables[name]}\n${close}`,
  ),
);
