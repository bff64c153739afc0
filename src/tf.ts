/** The one import of TensorFlow.js; everything else imports from here. */

// For its side effect: it registers the gradients of all operations, which tfjs-core's bundle for Node leaves out.
import "@tensorflow/tfjs-layers";

export * from "@tensorflow/tfjs-core";
