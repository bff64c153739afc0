import { progressBar } from "./bar.ts";
import { canRedraw } from "./terminal.ts";

/** Says on a terminal what is being worked on, until something else is written; elsewhere it says nothing. */
export function stageLine(stream: NodeJS.WriteStream) {
  const line = canRedraw(stream) ? progressBar(stream, { keep: false }) : undefined;
  return {
    next: (what: string) =>
      line?.update({ done: 0, total: 1, parts: () => [{ text: `${what} …`, rank: 0 }] }),
    stop: () => line?.stop(),
  };
}
