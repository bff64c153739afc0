// One engine in a process of its own. Its argument is the job as JSON; for each line on stdin, milliseconds and a number n
// of steps, it works that long, n steps at a time (at least `leastSteps` where n is 1), reads the losses after each n, and
// prints what a step took, in milliseconds: {"ms":[...]}. Before, when the model is built and warm, {"ready":"device and
// version"}, or {"error":"why not"}.
import { createInterface } from "node:readline";
import { createSubject } from "./subject.js";

const say = (message) => process.stdout.write(`${JSON.stringify(message)}\n`);

/** Takes steps for a time, `interval` of them between two reads; what a step took, once for each read. */
async function measure({ step, read }, milliseconds, least, interval = 1) {
  const ms = [];
  const started = performance.now();
  while (ms.length < least || performance.now() - started < milliseconds) {
    const begun = performance.now();
    for (let i = 0; i < interval; i++) await step();
    await read();
    ms.push((performance.now() - begun) / interval);
  }
  return ms;
}

try {
  const job = JSON.parse(process.argv[2]);
  const subject = await createSubject(job);
  for (const interval of job.intervals) {
    await measure(subject, job.warmUpMs, interval === 1 ? job.warmUpSteps : 1, interval);
  }
  say({ ready: subject.device });
  for await (const line of createInterface({ input: process.stdin })) {
    const [milliseconds, interval] = line.split(" ").map(Number);
    say({ ms: await measure(subject, milliseconds, interval === 1 ? job.leastSteps : 1, interval) });
  }
} catch (error) {
  say({ error: error.message });
}
process.exit(); // whatever threads a backend still holds
