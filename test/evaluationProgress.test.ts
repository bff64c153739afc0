import { expect, test, vi } from "vitest";
import { evaluationProgress } from "../src/reporting/evaluationProgress.ts";

test("without a terminal, a line after five seconds and every thirty from then on, with the time that is left", () => {
  const lines: string[] = [];
  const stream = { write: (text: string) => lines.push(text) } as unknown as NodeJS.WriteStream;
  const { onProgress, stop } = evaluationProgress(stream, "NLL of the test split");
  const clock = vi.spyOn(performance, "now");
  for (let second = 0; second <= 60; second++) {
    clock.mockReturnValue(1000 * (7 + second));
    onProgress(100 * (1 + second), 12_100); // 100 a second
  }
  stop();
  clock.mockRestore();
  expect(lines).toEqual([
    "NLL of the test split: 4 % of the draws, 100 a second, 1:55 left\n",
    "NLL of the test split: 29 % of the draws, 100 a second, 1:25 left\n",
  ]);
});
