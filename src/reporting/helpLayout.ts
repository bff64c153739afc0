import { Help } from "commander";
import { broken, columnsOf } from "./terminal.ts";

/** Descriptions that had less room than this stand below what they describe. */
const LEAST_ROOM = 40;
const INDENT = 6;

/** commander leaves descriptions unbroken where the terms leave them little room; here they then have lines of their own. */
export function formatItem(term: string, termWidth: number, description: string, helper: Help): string {
  const width = helper.helpWidth ?? 80;
  if (description === "" || width - termWidth - 4 >= LEAST_ROOM)
    return Help.prototype.formatItem.call(helper, term, termWidth, description, helper);
  const lines = helper.boxWrap(description, width - INDENT).split("\n");
  return [`  ${term}`, ...lines.map((line) => " ".repeat(INDENT) + line)].join("\n");
}

/** Help on stdout, with the texts behind it broken where a terminal ends. */
export function writeHelp(text: string): void {
  const { stdout } = process;
  stdout.write(stdout.isTTY ? broken(text, columnsOf(stdout)) : text);
}
