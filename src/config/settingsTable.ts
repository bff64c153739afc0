import { formatDefault } from "./options.ts";
import { settings } from "./settings.ts";

/** The settings as a Markdown table, for docs/settings.md. */
export function settingsTable(): string {
  const rows = settings().map((setting) => {
    const flag = setting.flag && setting.flag !== setting.path ? ` <br> \`--${setting.flag}\`` : "";
    const kinds = setting.kinds.length > 0 ? ` (${setting.kinds.join(", ")})` : "";
    const value = setting.default === undefined ? "" : `\`${formatDefault(setting.default)}\``;
    const cells = [`\`${setting.path}\`${flag}`, setting.accepts, value, `${setting.description}${kinds}`];
    return `| ${cells.map((cell) => cell.replaceAll("|", "\\|")).join(" | ")} |`;
  });
  return ["| setting | accepts | default | meaning |", "|---|---|---|---|", ...rows].join("\n");
}
