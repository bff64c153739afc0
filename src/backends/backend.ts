import type { RecordPass, RecordStep } from "./recording.ts";

/** How a backend is asked for. */
export interface BackendOptions {
  /** Worker threads for backends that have them; `"auto"` uses every core that this process may use. */
  readonly threads: number | "auto";
  /** For backends that run on either: `"gpu"` fails where only the CPU would be used. Default: `"auto"`. */
  readonly device?: "auto" | "cpu" | "gpu";
}

/** What was started; the first line of every run prints it. */
export interface BackendInfo {
  readonly name: string;
  /** The processor or graphics card, as the system names it. */
  readonly device: string;
  readonly threads: number;
  /** The most memory that it can have here, in bytes: a bound, not what is free. */
  readonly memory: number;
  readonly version: string;
  /** What the user may want to know: a fallback that was taken, a better backend that was passed over and why. */
  readonly notes: readonly string[];
}

/** One way to run TensorFlow.js. Nothing of its package is loaded before `load` is called. */
export interface BackendLoader {
  /** The name under which it is registered with TensorFlow.js and written in a configuration. */
  readonly name: string;
  /** One line for `--help`. */
  readonly summary: string;
  /** Loads the package, repairs its kernels and registers it. Throws `VaeError("failure")` where it cannot run. */
  load(options: BackendOptions): Promise<BackendInfo>;
  /** Records a training step, to run it in one call; absent where steps run operation by operation only. */
  readonly recordStep?: RecordStep;
  /** The same for a pass through the model without gradients; undefined as well where it would not be faster. */
  readonly recordPass?: RecordPass | undefined;
}
