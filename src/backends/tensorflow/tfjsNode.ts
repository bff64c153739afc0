import { existsSync } from "node:fs";
import Module, { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { VaeError } from "../../base/errors.ts";
import * as tf from "../../tensors/tf.ts";
import type { Installation } from "./installation.ts";

/** What of the native addon is used; tensors are numbers there, alive until deleted. */
export interface Binding {
  readonly TF_Version: string;
  readonly TF_FLOAT: number;
  readonly TF_INT32: number;
  readonly TF_ATTR_BOOL: number;
  readonly TF_ATTR_FLOAT: number;
  readonly TF_ATTR_INT: number;
  readonly TF_ATTR_SHAPE: number;
  readonly TF_ATTR_STRING: number;
  readonly TF_ATTR_TYPE: number;
  isUsingGpuDevice(): boolean;
  createTensor(shape: readonly number[], dtype: number, values: Float32Array): number;
  deleteTensor(id: number): void;
  /** The values in an array of their own; for strings no typed array. */
  tensorDataSync(id: number): unknown;
  executeOp(name: string, attrs: readonly OpAttr[], inputs: readonly number[], outputs: number): Handle[];
  /** Reads `saved_model.pb` in a folder into a session of its own. */
  loadSavedModel(folder: string, tags: string): number;
  deleteSavedModel(id: number): void;
  /** Names are `node:output`, separated by commas. */
  runSavedModel(id: number, inputs: readonly number[], inputNames: string, outputNames: string): Handle[];
}

export interface OpAttr {
  readonly name: string;
  readonly type: number;
  readonly value: unknown;
}

export interface Handle {
  readonly id: number;
  readonly shape: number[];
  readonly dtype: number;
}

/** What of tfjs-node's backend is used besides a backend's usual methods. */
export interface NodeBackend extends tf.KernelBackend {
  /** What every kernel calls; replaced while a step is recorded. */
  binding: Binding;
  readonly tensorMap: { get(dataId: object): { id: number } };
  /** The binding's number of a type. */
  getDTypeInteger(dtype: tf.DataType): number;
  /** Uploads what is not yet with TensorFlow. */
  getInputTensorIds(tensors: readonly tf.TensorInfo[]): number[];
  /** A tensor for what an operation has returned, which belongs to the tensor from then on. */
  createOutputTensor(handle: Handle): tf.Tensor;
  applyActivation(
    x: tf.Tensor,
    activation: tf.FusedActivation,
    preluActivationWeights: tf.Tensor | undefined,
    leakyreluAlpha: number | undefined,
  ): tf.Tensor;
  getNumOfTFTensors(): number;
}

/** What `vae setup tensorflow` puts beside the addon; its source is in `compile.ts`. */
export const OPENER = "open_quietly.node";

/** TensorFlow.js as the package asks for it. */
export const SHARED_PACKAGES = ["@tensorflow/tfjs", "@tensorflow/tfjs-core"];

/**
 * Opens the native addon, and TensorFlow with it: environment variables have no effect after that. Later calls return
 * what was opened.
 */
export function openBinding({ folder, binding }: Installation, { quiet }: { quiet: boolean }): Binding {
  const require = createRequire(binding);
  const opener = join(dirname(binding), OPENER);
  try {
    // TensorFlow ≥ 2.19 writes two lines about oneDNN to stderr while it is loaded, whatever its log level.
    if (quiet && existsSync(opener)) require(opener)(binding);
    return require(binding) as Binding;
  } catch (error) {
    throw new VaeError(
      "failure",
      `TensorFlow in ${folder} could not be loaded: ${error instanceof Error ? error.message : error}. ` +
        "If it was moved or updated, `vae setup tensorflow` builds it anew.",
      { cause: error },
    );
  }
}

/** Registers tfjs-node's backend and kernels as "tensorflow". */
export function registerTfjsNode({ name, version, folder }: Installation, binding: Binding): void {
  if (tf.findBackendFactory("tensorflow")) return;
  if (version.split(".")[0] !== tf.core().version_core.split(".")[0]) {
    throw new VaeError(
      "failure",
      `${name} ${version} in ${folder} does not fit TensorFlow.js ${tf.core().version_core}. ` +
        "Install the same version of both, or run `vae setup tensorflow`.",
    );
  }
  replaceRemovedUtilities();
  addChainedMethods();
  const require = createRequire(join(folder, "dist", "index.js"));
  // The package's kernels must see our TensorFlow.js, with our registries and classes. Its index.js is not loaded: that
  // would bring all of TensorFlow.js a second time. The protocol buffers are for TensorBoard alone.
  for (const id of SHARED_PACKAGES) provide(require, id, tf.core());
  provide(require, "./proto/api_pb", {});
  const { NodeJSKernelBackend } = require("./nodejs_kernel_backend") as {
    NodeJSKernelBackend: new (binding: Binding, packageName: string) => NodeBackend;
  };
  // TensorFlow may take over the memory of an array instead of copying it, and would see what JavaScript writes there
  // later, as JavaScript would see what `Adam` changes in place. So it gets an array of its own, at once.
  class CopyingBackend extends NodeJSKernelBackend {
    override write(values: tf.BackendValues, shape: number[], dtype: tf.DataType): object {
      const dataId = super.write(values.slice() as tf.BackendValues, shape, dtype);
      this.getInputTensorIds([{ dataId, shape, dtype }]);
      return dataId;
    }
  }
  tf.registerBackend("tensorflow", () => new CopyingBackend(binding, name));
  require("./register_all_kernels");
}

/** Makes `require(id)` return `exports`, by an entry in the public `require.cache`. */
function provide(require: NodeJS.Require, id: string, exports: unknown): void {
  const path = require.resolve(id);
  const entry = new Module(path);
  entry.exports = exports;
  entry.loaded = true;
  require.cache[path] = entry;
}

/** tfjs-node 4.22 calls two functions that Node 23 removed and Node 22 warns of. */
function replaceRemovedUtilities(): void {
  const util = createRequire(import.meta.url)("node:util");
  util.isNullOrUndefined = (value: unknown) => value === null || value === undefined;
  util.isArray = Array.isArray;
}

/** The kernels ArgMax, ArgMin, Exp and Prelu call methods that only the union package gives to tensors. */
function addChainedMethods(): void {
  Object.assign(tf.core().Tensor.prototype, {
    toInt(this: tf.Tensor) {
      return tf.cast(this, "int32");
    },
    toFloat(this: tf.Tensor) {
      return tf.cast(this, "float32");
    },
    add(this: tf.Tensor, other: tf.TensorLike) {
      return tf.add(this, other);
    },
    mul(this: tf.Tensor, other: tf.TensorLike) {
      return tf.mul(this, other);
    },
    sub(this: tf.Tensor, other: tf.TensorLike) {
      return tf.sub(this, other);
    },
  });
}
