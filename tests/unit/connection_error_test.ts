import assert from "node:assert/strict";
import { once } from "node:events";
import { connect, type LookupFunction, type Socket } from "node:net";
import { ConnectionAttempts, ConnectionError } from "../../src/connection_error.ts";
import { attemptsOf, brokerClient } from "../../src/source/amqp/client.ts";
import { explainFailure } from "../../src/source/amqp/failure.ts";
import { freePort } from "../../testing/ports.ts";

/** Resolves every name to these addresses, as a hosts file with `::1 localhost` does. */
function resolvingTo(...addresses: readonly string[]): LookupFunction {
  const all = addresses.map((address) => ({ address, family: address.includes(":") ? 6 : 4 }));
  return ((_host, _options, answer) => setTimeout(() => answer(null, all))) as LookupFunction;
}

/** The error that connecting to a port of `localhost` ends with. */
async function failing(port: number, lookup?: LookupFunction): Promise<[Error, Socket]> {
  const socket = connect({ host: "localhost", port, ...(lookup ? { lookup } : {}) });
  const [error] = await once(socket, "error");
  return [error, socket];
}

Deno.test("each address of a name is named, with what happened there", async () => {
  const port = freePort();
  const [error] = await failing(port, resolvingTo("::1", "127.0.0.1"));
  assert.equal(error.message, "", "what node:net says");
  const { message, code } = new ConnectionError(error, "localhost");
  assert.equal(
    message,
    `[::1]:${port}: nothing listens there; 127.0.0.1:${port}: nothing listens there`,
  );
  assert.equal(code, "ECONNREFUSED");
});

Deno.test("the address is named where the host is a name, and not where it is that address", async () => {
  const port = freePort();
  const [error] = await failing(port, resolvingTo("127.0.0.1"));
  assert.equal(
    new ConnectionError(error, "localhost").message,
    `127.0.0.1:${port}: nothing listens there`,
  );
  assert.equal(new ConnectionError(error, "127.0.0.1").message, "nothing listens there");
});

Deno.test("a host that refuses at one address is there, whatever its other addresses are", () => {
  const system = (code: string, address: string) =>
    Object.assign(new Error(`connect ${code}`), { code, address, port: 5672 });
  const error = new AggregateError([
    system("ENETUNREACH", "2001:db8::1"),
    system("ECONNREFUSED", "192.0.2.1"),
  ]);
  const failure = explainFailure(new ConnectionError(error, "mq"));
  assert.equal(failure.kind, "refused");
  assert.equal(
    failure.text,
    "[2001:db8::1]:5672: the network is unreachable; 192.0.2.1:5672: nothing listens there",
  );
});

Deno.test("a reason is never empty, whatever was thrown", () => {
  for (
    const thrown of [new Error(""), new AggregateError([]), new AggregateError([new Error()]), ""]
  ) {
    assert.notEqual(new ConnectionError(thrown, "mq").message, "");
    assert.notEqual(explainFailure(new ConnectionError(thrown, "mq")).text, "");
  }
});

Deno.test("a client of the broker fails with every address that it tried", async () => {
  const port = freePort();
  const client = brokerClient(`amqp://guest:guest@localhost:${port}/`);
  // The library hands these on to node:net.
  Object.assign(client, { tlsOptions: { lookup: resolvingTo("::1", "127.0.0.1") } });
  const error = await client.connect().then(() => assert.fail("connected"), (error) => error);
  const { kind, text, advice } = explainFailure(error);
  assert.equal(
    text,
    `[::1]:${port}: nothing listens there; 127.0.0.1:${port}: nothing listens there`,
  );
  assert.equal(kind, "refused");
  assert.match(advice, /amqp\.host and amqp\.port/);
});

Deno.test("of a broker that does not answer, each address and its state is known", async () => {
  using silent = Deno.listen({ hostname: "127.0.0.1", port: freePort() });
  const { port } = silent.addr;
  const client = brokerClient(`amqp://guest:guest@localhost:${port}/`);
  Object.assign(client, { tlsOptions: { lookup: resolvingTo("::1", "127.0.0.1") } });
  const connecting = client.connect().catch(() => {});
  using accepted = await silent.accept();
  assert.ok(accepted);
  await once(client.socket!, "connect");
  assert.equal(
    attemptsOf(client),
    `[::1]:${port}: nothing listens there; 127.0.0.1:${port}: connected, no answer`,
  );
  const socket = client.socket!;
  const closed = new Promise((resolve) => socket.once("close", resolve));
  socket.destroy(new Error("enough"));
  await Promise.all([connecting, closed]);
});

Deno.test("an attempt that is under way is said to have no answer", () => {
  // Not connected: what matters are the events of node:net (net.Socket, "lookup").
  const socket = connect({ host: "127.0.0.1", port: freePort() });
  socket.on("error", () => {});
  const attempts = new ConnectionAttempts(socket, "mq", 5672);
  assert.equal(String(attempts), "");
  socket.emit("lookup", null, "192.0.2.1", 4, "mq");
  assert.equal(String(attempts), "192.0.2.1:5672: no answer");
  socket.destroy();
});
