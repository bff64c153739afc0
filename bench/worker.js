// One engine in a process of its own. Its argument is the job as JSON; for each line on stdin, a number of milliseconds,
// it works that long (at least `leastSteps` steps) and prints what each step took, in milliseconds: {"ms":[...]}. Before,
// when the model is built and warm, {"ready":"device and version"}, or {"error":"why not"}.
import { createInterface } from "node:readline";
import { createSubject } from "./subject.js";

const say = (message) => process.stdout.write(`${JSON.stringify(message)}\n`);

/** Repeats `run` for a time. */
async function measure(run, milliseconds, least) {
  const ms = [];
  const started = performance.now();
  while (ms.length < least || performance.now() - started < milliseconds) {
    const begun = performance.now();
    await run();
    ms.push(performance.now() - begun);
  }
  return ms;
}

try {
  const job = JSON.parse(process.argv[2]);
  const { run, device } = await createSubject(job);
  await measure(run, job.warmUpMs, job.warmUpSteps);
  say({ ready: device });
  for await (const line of createInterface({ input: process.stdin })) {
    say({ ms: await measure(run, Number(line), job.leastSteps) });
  }
} catch (error) {
  say({ error: error.message });
}
process.exit(); // whatever threads a backend still holds
