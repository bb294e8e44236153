/** The server's description of itself and this page. */
export interface About {
  readonly version: string;
  readonly authenticates: boolean;
  readonly demo: boolean;
}

/** The page's URL, with the gateway's prefix if there is one. */
export function endpoint(): URL {
  const url = new URL("public/", document.baseURI);
  url.hash = url.search = "";
  url.protocol = url.protocol.replace(/^http/, "ws");
  return url;
}

/** @throws Error the server cannot be reached, or answers with an error */
export async function about(): Promise<About> {
  const response = await fetch("page/about.json");
  if (!response.ok) throw new Error(`The server answered ${response.status}`);
  return await response.json();
}

/**
 * Fetches a token of the demo's user.
 *
 * @param ttl lifetime in seconds
 * @throws Error the server cannot be reached, or is not a demo
 */
export async function demoToken(ttl: number): Promise<string> {
  const response = await fetch(`page/token?ttl=${ttl}`);
  if (!response.ok) throw new Error(`The server answered ${response.status}`);
  return await response.text();
}
