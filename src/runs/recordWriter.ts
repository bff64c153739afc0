import { performance } from "node:perf_hooks";
import { isDeepStrictEqual } from "node:util";
import { imageShapeOf } from "../data/field.ts";
import { type Experiment, versions } from "./experiment.ts";
import { type DataIdentity, placeHashesOf } from "./identity.ts";
import type { RunFolder } from "./runFolder.ts";
import { type HistoryEntry, type RunRecord, type RunStatus, splitHashes } from "./runRecord.ts";

/** Of a run that goes on: where it stood when that was planned, and what is known of it. */
export interface Resumption {
  readonly step: number;
  /** Absent where there is none that can be read. */
  readonly record: RunRecord | undefined;
  /** What the run was trained on so far; absent where an earlier version trained it. */
  readonly data: DataIdentity | undefined;
  /** Whether data that are not these are accepted. */
  readonly acceptsData: boolean;
  /** Settings that are other than before, for the history. */
  readonly changes: readonly string[];
}

interface Circumstances {
  readonly folder: RunFolder;
  /** What the run was trained on first, and what it is trained on now. */
  readonly data: DataIdentity;
  readonly present: DataIdentity;
  /** Finished so far. */
  readonly epochs: number;
  readonly resume: Resumption | undefined;
  readonly command: string;
}

/** `run.json`, rewritten as the run goes; a resumed run adds to what is there, and keeps the record of its data. */
export function openRecord(
  { backend, dataset, model }: Experiment,
  { folder, data, present, epochs, resume, command }: Circumstances,
) {
  const before = resume?.record;
  const started = performance.now();
  const imagesPerSecond = [...(before?.timings.imagesPerSecond ?? [])].slice(0, epochs); // of those that are saved
  const startedAt = before?.timings.startedAt ?? new Date().toISOString();
  const history = [...(before?.history ?? [])];
  const addHistory = (entry: Omit<HistoryEntry, "time">) =>
    void history.push({ time: new Date().toISOString(), ...entry });
  if (resume) {
    const changes = resume.changes.length > 0 && { changes: [...resume.changes] };
    const isOther = !isDeepStrictEqual(splitHashes(data), splitHashes(present));
    addHistory({
      event: "resumed",
      step: resume.step,
      command,
      ...changes,
      ...(isOther && { data: splitHashes(present) }),
    });
  }
  const { name, fields, splits } = data;
  const placeHashes = placeHashesOf(dataset);
  const write = (status: RunStatus) =>
    folder.writeRecord({
      status,
      command: before?.command ?? command,
      versions: versions(backend),
      backend: { name: backend.name, device: backend.device, threads: backend.threads },
      dataset: before?.dataset ?? {
        name,
        ...(model.target.show === "image" && { imageShape: imageShapeOf(model.target) }),
        fields,
        counts: { train: splits.train.count, validation: splits.validation.count, test: splits.test.count },
        hashes: dataset.hashes,
        splitHashes: splitHashes(data),
        ...(placeHashes && { placeHashes }),
      },
      parameterCount: model.parameters.count,
      timings: {
        startedAt,
        seconds: (before?.timings.seconds ?? 0) + (performance.now() - started) / 1000,
        imagesPerSecond,
      },
      history,
    });
  return {
    write,
    rolledBack(entry: Omit<HistoryEntry, "time" | "event">, epochs: number) {
      addHistory({ event: "rolled back", ...entry });
      imagesPerSecond.length = Math.min(imagesPerSecond.length, epochs);
      return write("running");
    },
    addEpoch(speed: number) {
      imagesPerSecond.push(Math.round(speed));
      return write("running");
    },
  };
}
