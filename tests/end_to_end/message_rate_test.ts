import assert from "node:assert/strict";
import fc from "fast-check";
import { countMessage } from "../../src/session/message_rate.ts";
import { joined } from "../support/bytes.ts";
import { connectClient } from "../support/client.ts";
import { step } from "../support/exchange.ts";
import { startRanger } from "../../testing/ranger.ts";
import { closeOf, encodeFrame, type Frame, Opcode, RawClient } from "../../testing/raw_client.ts";

const NO_BROKER = ["--no-auth", "--amqp-url", "amqp://127.0.0.1:1/"];
const PING = encodeFrame({ opcode: Opcode.text, payload: "ping" });

/** Messages in one write. */
function messages(count: number, one: Uint8Array = PING): Uint8Array {
  return joined(...Array<Uint8Array>(count).fill(one));
}

/** Everything up to the server's close frame, which is answered. */
async function untilClosed(client: RawClient): Promise<{ frames: Frame[]; close: Frame }> {
  const frames: Frame[] = [];
  while (true) {
    const frame = await client.frame();
    if (frame.opcode === Opcode.close) {
      await client.send(frame);
      assert.equal(await client.ended(), "end");
      return { frames, close: frame };
    }
    frames.push(frame);
  }
}

const TOO_MANY = { code: 1008, reason: "too many messages" };

Deno.test("a client that sends too fast is closed, and told so", async (t) => {
  await using ranger = await startRanger({
    // So slow a rate that the time between two messages does not matter.
    args: [...NO_BROKER, "--limits-message-rate=1", "--limits-message-burst=40"],
  });
  const hits = async (): Promise<number> => {
    const { limitsHit } = await (await fetch(ranger.managementUrl("/stats"))).json();
    return limitsHit.message_rate ?? 0;
  };

  await step(t, "40 at once are answered", async () => {
    await using client = await connectClient(ranger.url());
    await client.next();
    await client.raw.write(messages(40));
    assert.deepEqual(await client.take(40), Array(40).fill("pong"));
    assert.equal(await hits(), 0);
  });

  const kinds: [what: string, frame: Uint8Array][] = [
    ["a text", PING],
    ["white space, which is not answered,", encodeFrame({ opcode: Opcode.text, payload: " " })],
    ["a binary message", encodeFrame({ opcode: Opcode.binary, payload: "x" })],
  ];
  for (const [at, [what, frame]] of kinds.entries()) {
    await step(t, `${what} that is one too many closes, and is not handled`, async () => {
      using client = await RawClient.open(ranger.url());
      await client.write(messages(45, frame));
      const { frames, close } = await untilClosed(client);
      assert.equal(frames.length, 1 + (what.startsWith("white") ? 0 : 40), "the greeting and 40");
      assert.deepEqual(closeOf(close), TOO_MANY);
      assert.equal(await hits(), at + 1);
    });
  }

  await step(t, "fragments are one message, and pings and pongs are none", async () => {
    await using client = await connectClient(ranger.url());
    await client.next();
    await client.raw.write(joined(
      messages(100, encodeFrame({ opcode: Opcode.ping })),
      messages(100, encodeFrame({ opcode: Opcode.pong })),
      encodeFrame({ opcode: Opcode.text, payload: "pi", fin: false }),
      messages(100, encodeFrame({ opcode: Opcode.continuation, fin: false })),
      encodeFrame({ opcode: Opcode.continuation, payload: "ng" }),
      messages(39),
    ));
    assert.deepEqual(await client.take(40), Array(40).fill("pong"));
  });
});

Deno.test("a client may send as fast as the rate for ever, and more where there is no limit", async () => {
  await using ranger = await startRanger({
    args: [...NO_BROKER, "--limits-message-rate=50", "--limits-message-burst=2"],
  });
  await using client = await connectClient(ranger.url());
  await client.next();
  for (let sent = 0; sent < 30; sent++) {
    assert.equal(await client.ask("ping"), "pong");
    // What is awaited here is the passing of time itself.
    await new Promise((resolve) => setTimeout(resolve, 25));
  }
  await using unlimited = await startRanger({ args: [...NO_BROKER, "--limits-message-rate=0"] });
  await using other = await connectClient(unlimited.url());
  await other.next();
  await other.raw.write(messages(1000));
  assert.deepEqual(await other.take(1000), Array(1000).fill("pong"));
});

Deno.test("whatever the times, no more pass than burst and rate allow, and none fewer", () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 1000 }),
      fc.integer({ min: 1, max: 100 }),
      fc.array(fc.nat(200), { maxLength: 300 }),
      (rate, burst, pauses) => {
        let now = 5;
        let fullAt = 0;
        let tokens = burst;
        for (const pause of pauses) {
          now += pause;
          tokens = Math.min(burst, tokens + pause * rate / 1000);
          const next = countMessage(fullAt, now, rate, burst);
          if (next === undefined) assert.ok(tokens < 1, `refused with ${tokens} left`);
          else {
            assert.ok(tokens >= 0.49, `passed with ${tokens} left`);
            fullAt = next;
            tokens--;
          }
        }
      },
    ),
  );
});
