import { type FileHandle, mkdir, open } from "node:fs/promises";
import { join } from "node:path";
import protobuf from "protobufjs";

/**
 * What is written of TensorBoard's event files. Names and numbers of fields are those of TensorFlow's event.proto,
 * summary.proto and tensor.proto, and of api.proto and plugin_data.proto of the HParams plugin.
 */
const { root } = protobuf.parse(`
  syntax = "proto3";
  message Event {
    double wall_time = 1;
    int64 step = 2;
    oneof what {
      string file_version = 3;
      Summary summary = 5;
      SessionLog session_log = 7;
    }
  }
  message SessionLog { int32 status = 1; }
  message Summary {
    message Image {
      int32 height = 1;
      int32 width = 2;
      int32 colorspace = 3;
      bytes encoded_image_string = 4;
    }
    message Value {
      string tag = 1;
      oneof value {
        float simple_value = 2;
        Image image = 4;
        Tensor tensor = 8;
      }
      Metadata metadata = 9;
    }
    repeated Value value = 1;
  }
  message Tensor { int32 dtype = 1; }
  message Metadata {
    message PluginData {
      string plugin_name = 1;
      bytes content = 2;
    }
    PluginData plugin_data = 1;
  }
  message HParams {
    message Start {
      map<string, Value> hparams = 1;
      double start_time_secs = 5;
    }
    message End {
      int32 status = 1;
      double end_time_secs = 2;
    }
    message Value {
      oneof kind {
        double number_value = 2;
        string string_value = 3;
        bool bool_value = 4;
      }
    }
    oneof data {
      Start session_start_info = 3;
      End session_end_info = 4;
    }
  }
`);
const [EVENT, HPARAMS] = [root.lookupType("Event"), root.lookupType("HParams")];

/** A value of a summary, as the message above has it. */
export type SummaryValue = Readonly<Record<string, unknown>> & { readonly tag: string };

export const scalar = (tag: string, value: number): SummaryValue => ({ tag, simpleValue: value });

/** Channels by the colour type that a PNG's header has in byte 25. */
const CHANNELS: Readonly<Record<number, number>> = { 0: 1, 2: 3, 4: 2, 6: 4 };

export const pngImage = (tag: string, png: Buffer): SummaryValue => ({
  tag,
  image: {
    width: png.readUInt32BE(16),
    height: png.readUInt32BE(20),
    colorspace: CHANNELS[png[25]!] ?? 3,
    encodedImageString: png,
  },
});

type Hparam = number | string | boolean;

/** What a session, which is a run, was started with. */
export const sessionStart = (hparams: Readonly<Record<string, Hparam>>): SummaryValue =>
  ofHparams("_hparams_/session_start_info", {
    sessionStartInfo: {
      hparams: Object.fromEntries(
        Object.entries(hparams).map(([name, value]) => [name, { [`${typeof value}Value`]: value }]),
      ),
      startTimeSecs: now(),
    },
  });

const SUCCESS = 1;

export const sessionEnd = (): SummaryValue =>
  ofHparams("_hparams_/session_end_info", { sessionEndInfo: { status: SUCCESS, endTimeSecs: now() } });

const DT_FLOAT = 1;

/** It is all in the metadata, but a value must have something. */
const ofHparams = (tag: string, data: object): SummaryValue => ({
  tag,
  tensor: { dtype: DT_FLOAT },
  metadata: { pluginData: { pluginName: "hparams", content: HPARAMS.encode(data).finish() } },
});

const now = () => Date.now() / 1000;

const START = 1;

/** A file of events, which TensorBoard reads while it grows. */
export class EventFile {
  readonly #file: FileHandle;

  private constructor(file: FileHandle) {
    this.#file = file;
  }

  /** A new file, after those that are in the folder. What they have from after `step` is taken back. */
  static async create(folder: string, step: number): Promise<EventFile> {
    await mkdir(folder, { recursive: true });
    const file = new EventFile(await openNext(folder));
    await file.#write({ fileVersion: "brain.Event:2" });
    await file.#write({ step: step + 1, sessionLog: { status: START } }); // the first of a folder takes nothing back
    return file;
  }

  add(step: number, value: readonly SummaryValue[]): Promise<void> {
    return this.#write({ step, summary: { value } });
  }

  close(): Promise<void> {
    return this.#file.close();
  }

  #write(event: object): Promise<void> {
    return this.#file.appendFile(record(EVENT.encode({ wallTime: now(), ...event }).finish()));
  }
}

/** TensorBoard reads the files of a folder in the order of their names, and never goes back. */
async function openNext(folder: string): Promise<FileHandle> {
  const seconds = Math.floor(now());
  for (let i = 0; ; i++) {
    const name = `events.out.tfevents.${seconds}.vae.${String(i).padStart(3, "0")}`;
    try {
      return await open(join(folder, name), "ax");
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
    }
  }
}

/** As TFRecord frames it: length, its checksum, the data, theirs. */
function record(data: Uint8Array): Buffer {
  const framed = Buffer.alloc(8 + 4 + data.length + 4);
  framed.writeBigUInt64LE(BigInt(data.length), 0);
  framed.writeUInt32LE(maskedCrc32c(framed.subarray(0, 8)), 8);
  framed.set(data, 12);
  framed.writeUInt32LE(maskedCrc32c(data), 12 + data.length);
  return framed;
}

/** Of each byte, by the reversed polynomial of Castagnoli. */
const CRC32C = Uint32Array.from({ length: 256 }, (_, byte) => {
  let crc = byte;
  for (let bit = 0; bit < 8; bit++) crc = (crc >>> 1) ^ (crc & 1 ? 0x82f63b78 : 0);
  return crc;
});

/** Rotated and shifted, as a checksum of data that have checksums in them should be. */
function maskedCrc32c(data: Uint8Array): number {
  let crc = 0xffffffff;
  for (const byte of data) crc = CRC32C[(crc ^ byte) & 0xff]! ^ (crc >>> 8);
  crc = ~crc >>> 0;
  return (((crc >>> 15) | (crc << 17)) + 0xa282ead8) >>> 0;
}
