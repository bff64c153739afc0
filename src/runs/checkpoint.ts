import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { z } from "zod";
import { writeFileAtomic } from "../base/atomicFile.ts";
import { VaeError } from "../base/errors.ts";
import { fileError } from "../base/fileErrors.ts";
import { configAt } from "../config/changes.ts";
import { parseConfig } from "../config/load.ts";
import type { Config } from "../config/schema.ts";
import type { Parameters } from "../tensors/parameters.ts";
import * as tf from "../tensors/tf.ts";
import { Divergence } from "../training/divergence.ts";
import type { Optimizer } from "../training/optimizer.ts";
import { type TrainingState, trainingStateSchema } from "../training/state.ts";
import { type DataIdentity, dataIdentitySchema } from "./identity.ts";
import { decodeSafetensors, encodeSafetensors, type TensorFile } from "./safetensors.ts";

const FORMAT = "vae-checkpoint-2";

/** Without checksum and origin. */
const FORMER_FORMAT = "vae-checkpoint-1";

/** What the weights come from. */
export interface Origin {
  readonly config: Config;
  readonly data: DataIdentity;
}

/** A file that was read and found whole. */
export interface Checkpoint {
  readonly file: string;
  /** Of the file. */
  readonly sha256: string;
  readonly state: TrainingState;
  /** Absent in those of earlier versions. */
  readonly origin?: Origin;
  readonly contents: TensorFile;
}

/**
 * Writes weights, the optimiser's state and position as one file that appears whole, with what they come from and a
 * checksum over all of it. Random numbers are functions of seed and step, so the position is all that a resumed run needs
 * to know of them. A value that is not finite is divergence, and nothing is written then.
 */
export async function saveCheckpoint(
  file: string,
  { parameters, optimizer, state, origin }: SavedParts,
): Promise<void> {
  const tensors = new Map<string, { shape: number[]; data: Float32Array }>();
  for (const [name, variable] of [...parameters, ...optimizer.state]) {
    const data = (await variable.data()) as Float32Array;
    const index = firstNonFinite(data);
    if (index >= 0) throw spoilt(`${name} is ${data[index]} at index ${index}`, state, origin.config);
    tensors.set(name, { shape: variable.shape, data });
  }
  const metadata = {
    format: FORMAT,
    sha256: NO_CHECKSUM,
    state: canonicalJson(state),
    config: canonicalJson(origin.config),
    data: canonicalJson(origin.data),
  };
  await writeFileAtomic(file, withChecksum(encodeSafetensors({ tensors, metadata })));
}

export interface SavedParts {
  readonly parameters: Parameters;
  readonly optimizer: Optimizer;
  readonly state: TrainingState;
  readonly origin: Origin;
}

const spoilt = (what: string, { epoch, step }: TrainingState, config: Config) =>
  new Divergence(`After step ${step} (epoch ${epoch}) ${what}`, {
    outcome: "It was not saved",
    learningRate: configAt(config, step).training.learningRate,
  });

function firstNonFinite(values: Float32Array): number {
  for (let i = 0; i < values.length; i++) if (!Number.isFinite(values[i]!)) return i;
  return -1;
}

/** The same text for the same values, whichever way they came about: keys are in their alphabetical order. */
const canonicalJson = (value: unknown) =>
  JSON.stringify(value, (_, item) =>
    isRecord(item) ? Object.fromEntries(Object.entries(item).sort(([a], [b]) => (a < b ? -1 : 1))) : item,
  );

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/** Stands in the header for the checksum while that is taken. */
const NO_CHECKSUM = "0".repeat(64);

function sha256(...parts: (Uint8Array | string)[]): string {
  const hash = createHash("sha256");
  for (const part of parts) hash.update(part);
  return hash.digest("hex");
}

function withChecksum(file: Buffer): Buffer {
  file.write(sha256(file), file.indexOf(NO_CHECKSUM), "latin1");
  return file;
}

/** Reads a checkpoint and verifies it: no byte of it is another than was written. */
export function readCheckpoint(file: string): Checkpoint {
  let bytes: Buffer;
  try {
    bytes = readFileSync(file);
  } catch (error) {
    throw fileError(`Cannot read ${file}`, error);
  }
  const contents = decodeSafetensors(bytes, file);
  const { format, sha256: checksum, ...metadata } = contents.metadata;
  if (format === FORMER_FORMAT && checksum === undefined) {
    return {
      file,
      sha256: sha256(bytes),
      contents,
      state: parse(file, "state", trainingStateSchema, metadata),
    };
  }
  if (format !== FORMAT) {
    throw new VaeError(
      "failure",
      `${file} was not written by this version of vae (its format is ${JSON.stringify(format)}).`,
    );
  }
  verify(bytes, checksum, file);
  const state = parse(file, "state", trainingStateSchema, metadata);
  const data = parse(file, "data", dataIdentitySchema, metadata);
  const config = parseConfig(parse(file, "config", z.record(z.string(), z.unknown()), metadata), file);
  return { file, sha256: sha256(bytes), contents, state, origin: { config, data } };
}

/** The first bytes of a checkpoint of any version, by which a run is known. */
export const isCheckpoint = (start: Buffer) => start.includes('{"__metadata__":{"format":"vae-checkpoint-');

function verify(bytes: Buffer, checksum: string | undefined, file: string): void {
  const at = /^[0-9a-f]{64}$/.test(checksum ?? "") ? bytes.indexOf(checksum!) : -1;
  const [before, after] = [bytes.subarray(0, at), bytes.subarray(at + NO_CHECKSUM.length)];
  if (at >= 0 && sha256(before, NO_CHECKSUM, after) === checksum) return;
  throw new VaeError(
    "failure",
    `${file} is damaged: its checksum does not fit its ${bytes.length} bytes. ${remedy}`,
  );
}

const remedy =
  "If there is no copy of it: best.safetensors and last.safetensors of a run can each take the other's place, and --resume goes on from there.";

function parse<T>(
  file: string,
  part: string,
  schema: z.ZodType<T>,
  metadata: Readonly<Record<string, string>>,
): T {
  try {
    return schema.parse(JSON.parse(metadata[part] ?? ""));
  } catch (error) {
    throw new VaeError(
      "failure",
      `${file} is damaged: its ${part} is not what a checkpoint holds. ${remedy}`,
      {
        cause: error,
      },
    );
  }
}

/** Puts weights into a model that was built from the same configuration, and its state into an optimiser if one is given. */
export function restore({ file, contents }: Checkpoint, parameters: Parameters, optimizer?: Optimizer): void {
  for (const [name, variable] of [...parameters, ...(optimizer?.state ?? [])]) {
    assignFrom(contents, name, variable, file);
  }
}

function assignFrom({ tensors }: TensorFile, name: string, variable: tf.Variable, file: string): void {
  const stored = tensors.get(name);
  if (!stored)
    throw new VaeError("failure", `${file} has no tensor ${name}, which the configuration calls for.`);
  if (String(stored.shape) !== String(variable.shape)) {
    throw new VaeError(
      "failure",
      `${file}: ${name} has shape [${stored.shape}], but the configuration calls for [${variable.shape}].`,
    );
  }
  tf.tidy(() => variable.assign(tf.tensor(stored.data, variable.shape)));
}
