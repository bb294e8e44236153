/** The same subscriptions for other programs. */
export interface Snippets {
  readonly wscat: string;
  readonly client: string;
  readonly curl: string;
}

/**
 * Returns commands and code that subscribe to these streams elsewhere.
 *
 * @param url the public endpoint: `ws://127.0.0.1:8080/public/`
 * @param privately whether they need a token; the token appears as `$TOKEN`
 *
 * @example
 * ```ts
 * snippets("ws://127.0.0.1:8080/public/", ["btcusd.trades"], false).wscat;
 * // npx wscat -c 'ws://127.0.0.1:8080/public/?stream=btcusd.trades'
 * ```
 */
export function snippets(url: string, streams: readonly string[], privately: boolean): Snippets {
  const query = streams.map((name) => encodeURIComponent(name)).join(",");
  const address = query ? `${url}?stream=${query}` : url;
  const header = privately ? ` \\\n  -H "Authorization: Bearer $TOKEN"` : "";
  const options = privately ? ", { token: () => fetchToken() }" : "";
  const loops = (streams.length > 0 ? streams : ["global.tickers"]).map((name) =>
    `ranger.on(${JSON.stringify(name)}, (event) => console.log(event));`
  );
  return {
    wscat: `npx wscat -c ${quoted(address)}${header}`,
    client: [
      'import { connect } from "@ranger-ws/client";',
      "",
      `const ranger = connect(${JSON.stringify(url)}${options});`,
      ...loops,
    ].join("\n"),
    curl: [
      "curl --http1.1 -sN --output -",
      '-H "Connection: Upgrade" -H "Upgrade: websocket"',
      '-H "Sec-WebSocket-Version: 13" -H "Sec-WebSocket-Key: MDEyMzQ1Njc4OWFiY2RlZg=="',
      ...(privately ? ['-H "Authorization: Bearer $TOKEN"'] : []),
      quoted(address.replace(/^ws/, "http")),
    ].join(" \\\n  "),
  };
}

/** Quotes a text for a POSIX shell. */
function quoted(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}
