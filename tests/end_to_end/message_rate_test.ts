import assert from "node:assert/strict";
import fc from "fast-check";
import { takeToken } from "../../src/telemetry/token_bucket.ts";
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

  await step(t, "sixteen refused names count as a further message", async () => {
    using client = await RawClient.open(ranger.url());
    const streams = Array.from({ length: 256 }, (_, at) => `a.b.${at}`);
    const payload = JSON.stringify({ event: "subscribe", streams });
    const refused = encodeFrame({ opcode: Opcode.text, payload });
    // 17, 34, 51: the third is within 40 when it comes, the next one is not.
    await client.write(joined(messages(3, refused), PING));
    const { frames, close } = await untilClosed(client);
    assert.equal(frames.length, 1 + 3 * (256 + 1));
    assert.deepEqual(closeOf(close), TOO_MANY);
    assert.equal(await hits(), kinds.length + 1);
  });

  const toggle = (names: readonly string[]) =>
    ["subscribe", "unsubscribe"].map((event) =>
      encodeFrame({ opcode: Opcode.text, payload: JSON.stringify({ event, streams: names }) })
    );

  await step(
    t,
    "a client that exchanges all its streams at once stays within the burst",
    async () => {
      await using client = await connectClient(ranger.url());
      await client.next();
      const [first, second] = ["a", "b"].map((id) =>
        toggle(Array.from({ length: 256 }, (_, at) => `${id}.${at}`))
      );
      await client.raw.write(joined(...first!, second![0]!, PING));
      const answers = await client.take(4);
      assert.equal(answers[3], "pong");
    },
  );

  await step(t, "eight names count as a further message after 256", async () => {
    using client = await RawClient.open(ranger.url());
    const pair = joined(...toggle(Array.from({ length: 128 }, (_, at) => `a.${at}`)));
    // 4 for the first 256 names, and twice 18: the ping is one too many.
    await client.write(joined(messages(4, pair), PING));
    const { frames, close } = await untilClosed(client);
    assert.equal(frames.length, 1 + 8);
    assert.deepEqual(closeOf(close), TOO_MANY);
    assert.equal(await hits(), kinds.length + 2);
  });

  await step(t, "a message of 4 KiB counts as four", async () => {
    using client = await RawClient.open(ranger.url());
    const long = encodeFrame({ opcode: Opcode.text, payload: "[".repeat(4096) });
    await client.write(messages(11, long));
    const { frames, close } = await untilClosed(client);
    assert.equal(frames.length, 1 + 10);
    assert.deepEqual(closeOf(close), TOO_MANY);
    assert.equal(await hits(), kinds.length + 3);
  });

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

Deno.test("control frames and fragments have a separate rate, far above any library's", async (t) => {
  await using ranger = await startRanger({
    args: [...NO_BROKER, "--limits-message-rate=1", "--limits-message-burst=40"],
  });
  const fragment = encodeFrame({ opcode: Opcode.continuation, fin: false });
  const begun = encodeFrame({ opcode: Opcode.text, payload: "ping", fin: false });
  const kinds: [what: string, first: Uint8Array, frame: Uint8Array, answers: number][] = [
    ["pings", PING, encodeFrame({ opcode: Opcode.ping, payload: "x" }), 1000],
    ["pongs", PING, encodeFrame({ opcode: Opcode.pong }), 0],
    ["empty fragments", begun, fragment, 0],
    ["fragments of a byte", begun, encodeFrame({ opcode: 0, payload: " ", fin: false }), 0],
  ];
  for (const [what, first, frame, answers] of kinds) {
    await step(t, `a thousand ${what} at once are taken, and more close with 1008`, async () => {
      using client = await RawClient.open(ranger.url());
      const isWhole = first === PING;
      await client.write(joined(first, messages(isWhole ? 1000 : 999, frame)));
      if (!isWhole) await client.send({ opcode: Opcode.ping, payload: "still there" });
      const frames: Frame[] = [];
      while (frames.length < 1 + (isWhole ? 1 + answers : 0)) frames.push(await client.frame());
      await client.write(messages(20, frame));
      const { close } = await untilClosed(client);
      assert.deepEqual(closeOf(close), { code: 1008, reason: "too many frames" });
    });
  }
  await step(t, "which counts as the limit of messages", async () => {
    const { limitsHit } = await (await fetch(ranger.managementUrl("/stats"))).json();
    assert.equal(limitsHit.message_rate, kinds.length);
  });
});

/** Milliseconds pass: that is what is tested. */
const pass = (milliseconds: number) => new Promise((resolve) => setTimeout(resolve, milliseconds));

Deno.test("a message that does not end in time is closed, however its bytes trickle", async (t) => {
  await using ranger = await startRanger({ args: [...NO_BROKER, "--limits-message-timeout=1"] });
  const trickles: [what: string, begin: Uint8Array, more: Uint8Array][] = [
    [
      "empty fragments without end",
      encodeFrame({ opcode: Opcode.text, fin: false }),
      encodeFrame({ opcode: Opcode.continuation, fin: false }),
    ],
    [
      "a message that goes on with pings",
      encodeFrame({ opcode: Opcode.text, payload: "pi", fin: false }),
      encodeFrame({ opcode: Opcode.ping }),
    ],
    [
      "a frame byte by byte",
      encodeFrame({ opcode: Opcode.text, payload: "x".repeat(1000) }).subarray(0, 20),
      new Uint8Array(1),
    ],
  ];
  for (const [what, begin, more] of trickles) {
    await step(t, what, async () => {
      using client = await RawClient.open(ranger.url());
      await client.write(begin);
      const closed = client.rest();
      let ended = false;
      void closed.then(() => ended = true);
      for (let times = 0; !ended && times < 60; times++) {
        await client.write(more).catch(() => {});
        await pass(50);
      }
      const close = (await closed).find(({ opcode }) => opcode === Opcode.close);
      assert.ok(close, "it was closed");
      assert.deepEqual(closeOf(close), { code: 1008, reason: "message timeout" });
    });
  }

  await step(t, "but messages that end may follow one another for ever", async () => {
    using client = await RawClient.open(ranger.url());
    await client.frame();
    // Each write ends within a frame, so something is incomplete all the time.
    await client.write(PING.subarray(0, 3));
    for (let times = 0; times < 30; times++) {
      await client.write(joined(PING.subarray(3), PING.subarray(0, 3)));
      assert.equal(new TextDecoder().decode((await client.frame()).payload), "pong");
      await pass(60);
    }
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
          const next = takeToken(fullAt, now, rate, burst);
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
