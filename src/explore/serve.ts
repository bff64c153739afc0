import { createServer, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { extname } from "node:path";
import { VaeError } from "../base/errors.ts";

const HOST = "127.0.0.1";

const TYPES: Readonly<Record<string, string>> = {
  ".html": "text/html; charset=utf-8",
  ".css": "text/css; charset=utf-8",
  ".js": "text/javascript; charset=utf-8",
};

/** A page that is served until it is closed. */
export interface Served {
  readonly address: string;
  close(): Promise<void>;
}

/** Serves files by their names to this machine alone; `port` 0 takes a free one. */
export async function serve(files: ReadonlyMap<string, string>, port: number): Promise<Served> {
  const server = createServer(({ method, url = "/", headers }, response) => {
    // Only under its own name: a page elsewhere that has its name point here is not to read the run.
    const isOwn = headers.host === addressOf().host;
    const name = /^\/([^?]*)/.exec(url)?.[1] || "index.html";
    const content = files.get(name);
    if (!isOwn) return refuse(response, 403);
    if (method !== "GET" && method !== "HEAD") return refuse(response, 405);
    if (content === undefined) return refuse(response, 404);
    response.writeHead(200, {
      "Content-Type": TYPES[extname(name)]!,
      "Cache-Control": "no-store",
      "X-Content-Type-Options": "nosniff",
      "Referrer-Policy": "no-referrer",
    });
    response.end(method === "HEAD" ? undefined : content);
  });
  const addressOf = () => new URL(`http://${HOST}:${(server.address() as AddressInfo).port}/`);
  await new Promise<void>((resolve, reject) => {
    server.once("error", (error: NodeJS.ErrnoException) => reject(cannotListen(error, port)));
    server.listen(port, HOST, resolve);
  });
  return {
    address: addressOf().href,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

function refuse(response: ServerResponse, status: number): void {
  response.writeHead(status).end();
}

function cannotListen({ code, message }: NodeJS.ErrnoException, port: number): VaeError {
  const why =
    { EADDRINUSE: "another program has it", EACCES: "it is not for every user" }[code ?? ""] ?? message;
  return new VaeError(
    "failure",
    `Port ${port} of ${HOST} cannot be taken: ${why}. Without --port a free one is.`,
  );
}
