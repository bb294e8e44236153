import assert from "node:assert/strict";
import { V8_OPTION } from "../../scripts/runtime.ts";
import { bounded } from "../../testing/bounded.ts";
import { fromSources, program } from "../../testing/program.ts";
import { startRanger } from "../../testing/ranger.ts";
import { Opcode, RawClient } from "../../testing/raw_client.ts";

/** As large as a crowd has to be. */
const CROWD = 2000;
/** More than that: the last few of them may come in a second that counts as quiet. */
const COMING = CROWD + 400;
/** Handshakes at a time. */
const AT_ONCE = 100;

/** Nothing listens there: whether there is a broker does not matter. */
const NO_BROKER = ["--amqp-url", "amqp://127.0.0.1:1", "--no-auth"];

Deno.test("after a crowd the server collects what its handshakes left, and serves on", async () => {
  await using stack = new AsyncDisposableStack();
  const ranger = stack.use(
    await startRanger({
      // What is built has the flags in it.
      program: Deno.env.get("RANGER_BIN") ? program() : fromSources(V8_OPTION),
      args: [...NO_BROKER, "--log-level", "debug"],
    }),
  );
  const url = ranger.url("/public?stream=a.trades");
  const connect = async () => stack.use(await RawClient.open(url));
  let newest: RawClient | undefined;
  for (let clients = 0; clients < COMING; clients += AT_ONCE) {
    [newest] = await Promise.all(Array.from({ length: AT_ONCE }, connect));
  }
  const { clients } = await ranger.log(
    ({ message }) => message.startsWith("collected the garbage"),
    "the collection",
  );
  assert.ok(Number(clients) >= CROWD);
  assert.ok(newest);
  await newest.send({ opcode: Opcode.ping, payload: "there?" });
  // The list of streams comes first, and a ping may.
  const opcodes: number[] = [];
  while (opcodes.length < 5 && opcodes.at(-1) !== Opcode.pong) {
    opcodes.push((await bounded(newest.frame(), "the pong")).opcode);
  }
  assert.equal(opcodes.at(-1), Opcode.pong);
});
