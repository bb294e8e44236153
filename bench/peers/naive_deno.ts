/**
 * The server that one writes in an afternoon, as a measure for ours: the runtime's own WebSocket,
 * one `send()` per client and event. Public streams only; no authentication, no limits.
 *
 * ```sh
 * deno run -A bench/peers/naive_deno.ts amqp://guest:guest@127.0.0.1:5672 peatio.events.ranger 8080
 * ```
 */
import { AMQPClient } from "@cloudamqp/amqp-client";

const [url, exchange, port] = Deno.args;
if (url === undefined || exchange === undefined || port === undefined) {
  console.error("usage: naive_deno.ts AMQP_URL EXCHANGE PORT");
  Deno.exit(2);
}

const subscribers = new Map<string, Set<WebSocket>>();

function subscribe(stream: string, socket: WebSocket): void {
  let sockets = subscribers.get(stream);
  if (sockets === undefined) subscribers.set(stream, sockets = new Set());
  sockets.add(socket);
}

Deno.serve({ hostname: "127.0.0.1", port: Number(port), onListen() {} }, (request) => {
  if (request.headers.get("upgrade") !== "websocket") return new Response("a WebSocket server\n");
  const streams = new URL(request.url).searchParams.getAll("stream").flatMap((s) => s.split(","));
  const { socket, response } = Deno.upgradeWebSocket(request);
  socket.onopen = () => {
    for (const stream of streams) subscribe(stream, socket);
    socket.send(JSON.stringify({ success: { message: "subscribed", streams } }));
  };
  socket.onclose = () => {
    for (const stream of streams) subscribers.get(stream)?.delete(socket);
  };
  socket.onerror = () => {};
  return response;
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
