/** What of `WebAssembly` is used; its types come with browsers only. */
declare const WebAssembly: {
  validate(bytes: Uint8Array): boolean;
  Module: new (bytes: Uint8Array) => object;
};

export interface Memory {
  readonly buffer: ArrayBuffer | SharedArrayBuffer;
}

/** Each of our modules is there twice: for memory that threads share, and for memory that one has to itself. */
export const memoryKind = ({ buffer }: Memory) => (buffer instanceof SharedArrayBuffer ? "shared" : "own");

/** Of a module in base64. */
export const isValid = (base64: string) => WebAssembly.validate(Buffer.from(base64, "base64"));
export const compile = (base64: string) => new WebAssembly.Module(Buffer.from(base64, "base64"));
