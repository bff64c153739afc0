import type { BackendWasm } from "@tensorflow/tfjs-backend-wasm";
import * as tf from "../../tf.ts";

export function installRepairs(): void {
}
