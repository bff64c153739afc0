/**
 * The one import of TensorFlow.js; everything else imports from here.
 * tfjs-core ships as CommonJS to Node; `setBackend` is done by `src/backends`.
 */
export * from "@tensorflow/tfjs-core";
