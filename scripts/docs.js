// Writes what README.md and docs/ have of the program itself: the tables of settings and of likelihoods.
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { settingsTable } from "../dist/config/settingsTable.js";
import { likelihoodTable } from "../dist/reporting/likelihoodTable.js";

const root = join(import.meta.dirname, "..");
const inDocs = readdirSync(join(root, "docs"), { recursive: true }).map((file) => join("docs", file));
const tables = { settings: settingsTable(), likelihoods: likelihoodTable() };
for (const page of ["README.md", ...inDocs.filter((file) => file.endsWith(".md"))]) {
  const file = join(root, page);
  const text = readFileSync(file, "utf8");
  const written = text.replaceAll(
    /(<!-- (settings|likelihoods) -->\n)[\s\S]*?(<!-- \/\2 -->)/g,
    (_, open, name, close) => `${open}${tables[name]}\n${close}`,
  );
  if (written !== text) writeFileSync(file, written);
}
