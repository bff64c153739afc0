import { VaeError } from "../base/errors.ts";

type Fetch = (url: URL, options: RequestInit) => Promise<Response>;

const OF_ALL = ["all_proxy", "ALL_PROXY"];
const OF_HTTP = ["http_proxy", "HTTP_PROXY"];
const OF_HTTPS = ["https_proxy", "HTTPS_PROXY"];

let proxied: Fetch | undefined;

/**
 * `fetch`, through the proxy that `HTTPS_PROXY`, `HTTP_PROXY` or `ALL_PROXY` names (in small letters too), but for the hosts of
 * `NO_PROXY`. Node's own knows of them from version 24 on, and then only if it is told to.
 */
export async function fetchByProxy(url: URL, options: RequestInit): Promise<Response> {
  if (![...OF_HTTPS, ...OF_HTTP, ...OF_ALL].some((name) => process.env[name])) return fetch(url, options);
  proxied ??= await startProxied();
  return proxied(url, options);
}

async function startProxied(): Promise<Fetch> {
  const { EnvHttpProxyAgent, fetch } = await import("undici");
  const dispatcher = new EnvHttpProxyAgent({
    httpProxy: addressOf([...OF_HTTP, ...OF_ALL]),
    httpsProxy: addressOf([...OF_HTTPS, ...OF_ALL, ...OF_HTTP]),
    proxyTunnel: false, // addresses without encryption are asked for as such: many proxies open tunnels for others alone
  });
  return (url, options) => fetch(url, { ...(options as object), dispatcher }) as unknown as Promise<Response>;
}

/** What the first of these variables says that is set, as an address, or "". Without a scheme it is one of http, as curl has it. */
export function addressOf(variables: readonly string[], env: NodeJS.ProcessEnv = process.env): string {
  const variable = variables.find((name) => env[name]);
  if (variable === undefined) return "";
  const given = env[variable]!;
  const address = given.includes("://") ? given : `http://${given}`;
  if (URL.canParse(address) && /^(https?|socks5?):$/.test(new URL(address).protocol)) return address;
  // Not what was given, as it may hold a password.
  throw new VaeError(
    "usage",
    `${variable} is not the address of a proxy. Accepted: such as http://proxy.example:3128, or http://name:password@proxy.example:3128.`,
  );
}
