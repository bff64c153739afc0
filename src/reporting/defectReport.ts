import { inspect } from "node:util";

/** What nobody foresaw: one sentence, what was run where, and the stack. */
export function defectReport(error: unknown, version: string, argv: readonly string[]): string {
  const stack = error instanceof Error ? (error.stack ?? String(error)) : inspect(error);
  const lines = stack.split("\n").map((line) => `  ${line}`);
  return [
    "This is a defect of vae, not of what you asked for. Please send these lines to where you have vae from:",
    `  vae ${version}, Node ${process.version}, ${process.platform} ${process.arch}`,
    `  ${["vae", ...argv].map(quoted).join(" ")}`,
    ...lines,
  ].join("\n");
}

/** As a shell reads it. */
const quoted = (word: string) =>
  /^[\w./:=,@%+-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;
