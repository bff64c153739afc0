import { VaeError } from "./errors.ts";

/** How JavaScript, WebAssembly and threads say that there is no memory for what was asked. */
const OUT_OF_MEMORY =
  /Array buffer allocation failed|Invalid (typed )?array length|Invalid array buffer length|Cannot create a Buffer larger|could not allocate memory|out of memory|memory access out of bounds|Aborted\(OOM\)|Cannot enlarge memory|Invalid string length|reaching memory limit/i;

/** Memory that was not to be had, as a sentence; undefined for any other error. */
export function memoryError(error: unknown): VaeError | undefined {
  if (!(error instanceof Error) || !OUT_OF_MEMORY.test(error.message)) return undefined;
  return new VaeError(
    "failure",
    `There is not enough memory for sizes such as these (${error.message.split("\n")[0]}). Less of it is needed with a ` +
      "smaller --batch-size, --hidden or --latent-dim, fewer --objective.samples, or fewer images (--dataset.limit).",
    { cause: error },
  );
}
