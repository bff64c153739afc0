import { get as ask, createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { setTimeout as pause } from "node:timers/promises";

/** How a mirror answers one request: honestly, or not. */
export type Behaviour = (answer: {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly body: Buffer;
}) => Promise<void> | void;

export interface Mirror {
  readonly url: string;
  /** What was asked for, in order; `range` is the header. */
  readonly requests: { readonly path: string; readonly range: string | undefined }[];
  readonly bytesSent: () => number;
  /** How the next requests are answered, one after the other; then the last one goes on. */
  behave(...behaviours: Behaviour[]): void;
  close(): Promise<void>;
}

/** A real HTTP server on this machine that has `files`. */
export async function startMirror(files: Readonly<Record<string, Buffer>>): Promise<Mirror> {
  const requests: Mirror["requests"] = [];
  let behaviours: Behaviour[] = [honest];
  let sent = 0;
  const server = createServer(async (request, response) => {
    requests.push({ path: request.url!, range: request.headers.range });
    const behaviour = behaviours.length > 1 ? behaviours.shift()! : behaviours[0]!;
    const body = files[request.url!.slice(1)];
    if (body === undefined) return void response.writeHead(404).end();
    const write = response.write.bind(response);
    response.write = ((chunk: Buffer, ...rest: []) => {
      sent += chunk.length;
      return write(chunk, ...rest);
    }) as typeof response.write;
    await behaviour({ request, response, body });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`,
    requests,
    bytesSent: () => sent,
    behave: (...next) => {
      behaviours = next;
    },
    close: () => {
      server.closeAllConnections();
      return new Promise((resolve) => server.close(() => resolve()));
    },
  };
}

/** Serves the file, or its end where a Range asks for that. */
export const honest: Behaviour = ({ request, response, body }) => {
  const start = startOf(request);
  const part = body.subarray(start);
  if (start > 0) response.setHeader("content-range", `bytes ${start}-${body.length - 1}/${body.length}`);
  response.writeHead(start > 0 ? 206 : 200, { "content-length": part.length });
  response.write(part);
  response.end();
};

export const ignoresRange: Behaviour = ({ response, body }) => {
  response.writeHead(200, { "content-length": body.length });
  response.write(body);
  response.end();
};

/** Answers a request for the end with other bytes than asked for. */
export const wrongRange: Behaviour = ({ response, body }) => {
  response.setHeader("content-range", `bytes 0-${body.length - 1}/${body.length}`);
  response.writeHead(206, { "content-length": body.length });
  response.write(body);
  response.end();
};

export const status =
  (code: number): Behaviour =>
  ({ response }) => {
    response.writeHead(code).end();
  };

/** Sends the first `count` bytes of what was asked for, then closes the connection. */
export const closesAfter =
  (count: number): Behaviour =>
  async ({ request, response, body }) => {
    await sendSome(count, request, response, body);
    response.destroy();
  };

/** Sends the file up to byte `end`, then nothing more. */
export const stallsAt =
  (end: number): Behaviour =>
  async ({ request, response, body }) =>
    sendSome(Math.max(0, end - startOf(request)), request, response, body);

/** The right number of wrong bytes. */
export const lies: Behaviour = ({ response, body }) => {
  response.writeHead(200, { "content-length": body.length });
  response.write(Buffer.alloc(body.length, 7));
  response.end();
};

/** A page of another length, as a portal that wants a login sends it. */
export const portal: Behaviour = ({ response }) => {
  const page = Buffer.from("<html>Please log in</html>");
  response.writeHead(200, { "content-length": page.length });
  response.write(page);
  response.end();
};

/** Ends too early, or goes on too long, without having announced a length. */
export const unannounced =
  (change: number): Behaviour =>
  ({ response, body }) => {
    response.writeHead(200);
    response.write(change < 0 ? body.subarray(0, change) : Buffer.concat([body, Buffer.alloc(change)]));
    response.end();
  };

async function sendSome(count: number, request: IncomingMessage, response: ServerResponse, body: Buffer) {
  const start = startOf(request);
  if (start > 0) response.setHeader("content-range", `bytes ${start}-${body.length - 1}/${body.length}`);
  response.writeHead(start > 0 ? 206 : 200, { "content-length": body.length - start });
  await new Promise((resolve) => response.write(body.subarray(start, start + count), resolve));
  await pause(50); // the client reads what was sent before the connection closes
}

/** The byte that a request begins at. */
function startOf(request: IncomingMessage): number {
  return Number(/^bytes=(\d+)-$/.exec(request.headers.range ?? "")?.[1] ?? 0);
}

/** A page, as servers send it with status 200 in place of a file that they do not have, or before a login. */
export const page: Behaviour = ({ response }) => {
  response.writeHead(200, { "content-type": "text/html; charset=utf-8" });
  response.write("<!DOCTYPE html><html>Please log in</html>");
  response.end();
};

/** Answers only those who say the name and password. */
export const asks =
  (told: string): Behaviour =>
  (answer) => {
    const isTold = answer.request.headers.authorization === `Basic ${Buffer.from(told).toString("base64")}`;
    return isTold ? honest(answer) : void answer.response.writeHead(401).end();
  };

/** A proxy on this machine: it passes requests on, and opens tunnels. `asked` is what it was asked for, `told` by whom. */
export async function startProxy() {
  const asked: string[] = [];
  const told: (string | undefined)[] = [];
  const server = createServer((request, response) => {
    told.push(request.headers["proxy-authorization"]);
    asked.push(`${request.method} ${new URL(request.url!).pathname}`);
    const onward = ask(request.url!, { headers: request.headers }, (answer) => {
      response.writeHead(answer.statusCode!, answer.headers);
      answer.pipe(response);
    });
    onward.on("error", () => response.writeHead(502).end());
    onward.end();
  });
  server.on("connect", (request, socket) => {
    asked.push(`CONNECT ${request.url}`);
    socket.end("HTTP/1.1 403 Forbidden\r\n\r\n");
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`,
    asked,
    told,
    close: () => {
      server.closeAllConnections();
      server.close();
    },
  };
}
