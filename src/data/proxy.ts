type Fetch = (url: URL, options: RequestInit) => Promise<Response>;

const VARIABLES = ["https_proxy", "HTTPS_PROXY", "http_proxy", "HTTP_PROXY"];

let proxied: Fetch | undefined;

/**
 * `fetch`, through the proxy that `HTTPS_PROXY` or `HTTP_PROXY` names (in small letters too), but for the hosts of `NO_PROXY`.
 * Node's own knows of them from version 24 on, and then only if it is told to.
 */
export async function fetchByProxy(url: URL, options: RequestInit): Promise<Response> {
  if (!VARIABLES.some((name) => process.env[name])) return fetch(url, options);
  proxied ??= await startProxied();
  return proxied(url, options);
}

async function startProxied(): Promise<Fetch> {
  const { EnvHttpProxyAgent, fetch } = await import("undici");
  // Addresses without encryption are asked for as such: many proxies open tunnels for others alone.
  const dispatcher = new EnvHttpProxyAgent({ proxyTunnel: false });
  return (url, options) => fetch(url, { ...(options as object), dispatcher }) as unknown as Promise<Response>;
}
