/** What a person sees who opens the clients' port in a browser. */
export const PAGE = `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Ranger</title>
<style>
  :root { color-scheme: light dark; }
  body { font: 1rem/1.5 system-ui, sans-serif; max-width: 44rem; margin: 3rem auto; padding: 0 1rem; }
  pre { padding: .75rem 1rem; overflow-x: auto; border: 1px solid; border-radius: .25rem; }
  table { border-collapse: collapse; }
  td { padding: .25rem 1rem .25rem 0; vertical-align: top; }
</style>
</head>
<body>
<h1>Ranger</h1>
<p>This is the WebSocket server of an exchange. It sends market data to anyone, and orders and
trades to the user whom a token proves. It is up; a browser's address bar is not what it talks
to. Connect with a WebSocket client:</p>
<pre>npx wscat -c 'ws://&lt;this host&gt;/public/?stream=global.tickers'</pre>
<p>or in a page:</p>
<pre>const socket = new WebSocket("wss://&lt;this host&gt;/public/?stream=global.tickers");
socket.onmessage = (event) =&gt; console.log(JSON.parse(event.data));</pre>
<p>Some streams:</p>
<table>
<tr><td><code>global.tickers</code></td><td>all markets at a glance</td></tr>
<tr><td><code>btcusd.trades</code></td><td>trades of a market as they happen</td></tr>
<tr><td><code>btcusd.ob-inc</code></td><td>its order book: a snapshot, then every change</td></tr>
<tr><td><code>btcusd.kline-1m</code></td><td>its candles; also 5m 15m 30m 1h 2h 4h 6h 12h 1d 3d 1w</td></tr>
<tr><td><code>btcusd</code></td><td>everything of that market</td></tr>
<tr><td><code>order</code>, <code>trade</code></td><td>your own, after <code>{"jwt":"Bearer &lt;token&gt;"}</code></td></tr>
</table>
</body>
</html>
`;
