import type { TrackerName } from "../../training/schema.ts";
import type { OpenTracker, TrackedRun, Tracker } from "./tracker.ts";

/** Loaded where they are asked for. */
const trackers: Readonly<Record<TrackerName, () => Promise<OpenTracker>>> = {
  tensorboard: async () => (await import("./tensorboard.ts")).openTensorboard,
};

/** Those of the configuration as one. A tracker is no reason to lose a run: the first that fails is told, and left out. */
export async function openTrackers(run: TrackedRun, warn: (text: string) => unknown): Promise<Tracker> {
  const opened = new Map<TrackerName, Tracker>();
  const guarded = async (name: TrackerName, work: () => Promise<unknown>) => {
    try {
      await work();
    } catch (error) {
      const failed = opened.get(name);
      opened.delete(name);
      await failed?.close().catch(() => {});
      const why = error instanceof Error ? error.message : error;
      await warn(`Warning: ${name} is told no more of this run, which goes on: ${why}`);
    }
  };
  for (const name of new Set(run.config.training.log)) {
    await guarded(name, async () => opened.set(name, await (await trackers[name]())(run)));
  }
  const each = async (work: (tracker: Tracker) => Promise<void>) => {
    for (const [name, tracker] of opened) await guarded(name, () => work(tracker));
  };
  return {
    record: (event) => each((tracker) => tracker.record(event)),
    finish: (summary) => each((tracker) => tracker.finish(summary)),
    close: () => each((tracker) => tracker.close()),
  };
}
