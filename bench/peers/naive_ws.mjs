/**
 * The server that one writes in an afternoon on Node: npm `ws`, one `send()` per client and event.
 * Public streams only; no authentication, no limits.
 *
 * Node finds no packages here, so it runs as one bundled file:
 *
 * ```sh
 * deno bundle --platform=deno --output=bench/bin/naive_ws.mjs bench/peers/naive_ws.mjs
 * node bench/bin/naive_ws.mjs amqp://guest:guest@127.0.0.1:5672 peatio.events.ranger 8080
 * ```
 */
import { AMQPClient } from "@cloudamqp/amqp-client";
import process from "node:process";
import { WebSocket, WebSocketServer } from "ws";

const [url, exchange, port] = process.argv.slice(2);
if (port === undefined) {
  console.error("usage: naive_ws.mjs AMQP_URL EXCHANGE PORT");
  process.exit(2);
}

/** @type {Map<string, Set<WebSocket>>} */
const subscribers = new Map();

// Compression is off, as is the default of `ws`; the backlog is there for reconnecting crowds.
const server = new WebSocketServer({
  host: "127.0.0.1",
  port: Number(port),
  backlog: 4096,
  perMessageDeflate: false,
});
server.on("connection", (socket, request) => {
  const query = new URL(request.url ?? "/", "http://localhost").searchParams;
  const streams = query.getAll("stream").flatMap((names) => names.split(","));
  for (const stream of streams) {
    let sockets = subscribers.get(stream);
    if (sockets === undefined) subscribers.set(stream, sockets = new Set());
    sockets.add(socket);
  }
  socket.on("close", () => {
    for (const stream of streams) subscribers.get(stream)?.delete(socket);
  });
  socket.on("error", () => {});
  socket.send(JSON.stringify({ success: { message: "subscribed", streams } }));
});

const connection = await new AMQPClient(url).connect();
const channel = await connection.channel();
await channel.exchangeDeclare(exchange, "topic", { durable: false, autoDelete: false });
const queue = await channel.queueDeclare("", { exclusive: true });
await channel.queueBind(queue.name, exchange, "public.#");
await channel.basicConsume(queue.name, { noAck: true }, (message) => {
  const stream = message.routingKey.slice("public.".length);
  const text = JSON.stringify({ [stream]: JSON.parse(message.bodyString() ?? "null") });
  for (const socket of subscribers.get(stream) ?? []) {
    if (socket.readyState === WebSocket.OPEN) socket.send(text);
  }
});
