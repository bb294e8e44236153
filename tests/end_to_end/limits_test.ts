import assert from "node:assert/strict";
import { until } from "../../testing/bounded.ts";
import type { Client } from "../support/client.ts";
import { connectClient } from "../support/client.ts";
import {
  type Exchange,
  freshName,
  freshWord,
  MESSAGE_ERROR,
  startExchange,
  step,
  subscribed,
  unsubscribed,
} from "../support/exchange.ts";
import { closeOf, type Frame, Opcode } from "../../testing/raw_client.ts";
import { sharedBroker } from "../../testing/rabbitmq.ts";

const broker = await sharedBroker();

const TOO_MANY_STREAMS = '{"error":{"message":"Too many streams."}}';

/** A subscription of an exact number of bytes. */
function subscription(bytes: number): string {
  const message = '{"event":"subscribe","streams":["ü.b"]}';
  return message + " ".repeat(bytes - new TextEncoder().encode(message).length);
}

function names(count: number): string[] {
  return Array.from({ length: count }, (_, number) => `s${number}.x`);
}

Deno.test("what one client may cost", async (t) => {
  await using exchange = await startExchange(broker, {
    args: [
      "--log-level",
      "debug",
      "--limits-message-rate=0",
      "--limits-unsent-timeout=1",
      "--limits-ping-interval=300",
    ],
  });

  await step(t, "a message of 4096 bytes is read, one of 4097 closes with 1009", async () => {
    await assertMessageLimit(exchange, 4096);
  });

  await step(t, "fragments count together, and the declared length counts", async () => {
    await using client = await exchange.connect("/public");
    const [first, second] = halves(subscription(4096));
    await client.raw.send({ opcode: Opcode.text, payload: first, fin: false });
    await client.raw.send({ opcode: Opcode.continuation, payload: second });
    assert.equal(await client.next(), subscribed("ü.b"));
    await client.raw.send({ opcode: Opcode.text, payload: first, fin: false });
    await client.raw.send({ opcode: Opcode.continuation, payload: `${second} ` });
    assert.equal((await client.closing()).code, 1009);

    await using liar = await exchange.connect("/public");
    await liar.raw.send({ opcode: Opcode.text, declaredLength: 2n ** 40n });
    assert.equal((await liar.closing()).code, 1009);
  });

  await step(t, "256 streams may be held, by the query and by messages", async () => {
    const all = names(256);
    const query = `/public?stream=${all.join(",")}`;
    await using client = await exchange.connect(query, { holds: all });
    await client.send({ event: "subscribe", streams: ["one.more"] });
    assert.deepEqual(await client.take(2), [TOO_MANY_STREAMS, subscribed(...all)]);
    // What is held already is not one more, and what is given up makes room.
    const again = { event: "subscribe", streams: all.slice(0, 3) };
    assert.equal(await client.ask(again), subscribed(...all));
    const less = { event: "unsubscribe", streams: [all[0]] };
    assert.equal(await client.ask(less), unsubscribed(...all.slice(1)));
    await client.send({ event: "subscribe", streams: ["b.1", "b.2", "b.3"] });
    assert.deepEqual(await client.take(2), [
      TOO_MANY_STREAMS,
      subscribed(...all.slice(1), "b.1"),
    ]);
  });

  await step(t, "the 257th of a query is refused, the others are held and deliver", async () => {
    const last = freshName("any");
    const all = [...names(255), last];
    await using client = await connectClient(
      exchange.ranger.url(`/public?stream=${[...all, "one.more", "a", "b"].join(",")}`),
    );
    assert.deepEqual(await client.take(2), [TOO_MANY_STREAMS, subscribed(...all)]);
    await exchange.publish("public.one.more", 1);
    await exchange.publish(`public.${last}`, 2);
    assert.equal(await client.next(), `{"${last}":2}`);
    await exchange.assertOwedNothing(client);
  });

  await step(t, "a refused stream counts in its message, and takes no room after it", async () => {
    const all = names(255);
    await using client = await exchange.connect(`/public?stream=${all.join(",")}`, { holds: all });
    await client.send({ event: "subscribe", streams: ["admin.x.y", "one.more"] });
    assert.deepEqual(await client.take(3), [
      '{"success":{"message":"cannot subscribe to admin.x.y"}}',
      TOO_MANY_STREAMS,
      subscribed(...all),
    ]);
    await client.send({ event: "subscribe", streams: ["one.more"] });
    assert.equal(await client.next(), subscribed(...all, "one.more"));
  });

  await step(t, "fifteen hundred refused names get 256 answers and one more", async () => {
    const query = Array.from({ length: 1500 }, (_, at) => `a.b.${at}`).join(",");
    await using client = await connectClient(exchange.ranger.url(`/public?stream=${query}`));
    const answers = await client.take(256 + 2);
    assert.deepEqual(answers.slice(-2), [TOO_MANY_STREAMS, subscribed()]);
    for (const [at, answer] of answers.slice(0, -2).entries()) {
      assert.equal(answer, `{"success":{"message":"cannot subscribe to a.b.${at}"}}`);
    }
    await exchange.assertOwedNothing(client);
  });

  await step(t, "a name that no event can have is refused, and shown in part", async () => {
    await using client = await exchange.connect("/public");
    const longest = `${"a".repeat(253)}.b`;
    const tooLong = `${"ü".repeat(127)}.b`;
    const impossible = [
      `${longest}b`,
      tooLong,
      "a.b.c.d",
      "a b",
      "a\tb.c",
      "a.\u0000",
      "a\u0085.b",
    ];
    await client.send({ event: "subscribe", streams: [longest, ...impossible] });
    const answers = await client.take(impossible.length + 1);
    const shown = impossible.map((name) => name.slice(0, 64));
    assert.deepEqual(answers, [
      ...shown.map((name) =>
        JSON.stringify({ success: { message: `cannot subscribe to ${name}` } })
      ),
      subscribed(longest),
    ]);
  });

  await step(
    t,
    "names have 64 bytes on average at most, so an answer has 17 KB at most",
    async () => {
      await using client = await exchange.connect("/public");
      // 64 of them are as many bytes as there may be.
      const all = Array.from({ length: 254 }, (_, at) => `${`${at}`.padStart(253, "a")}.b`);
      for (let at = 0; at < all.length; at += 15) {
        await client.send({ event: "subscribe", streams: all.slice(at, at + 15) });
      }
      const answers: string[] = [];
      while (answers.filter((answer) => answer.includes('"subscribed"')).length < 17) {
        answers.push(await client.next());
      }
      assert.equal(answers.at(-1), subscribed(...all.slice(0, 64)));
      assert.ok(answers.includes(TOO_MANY_STREAMS));
      for (let times = 0; times < 100; times++) {
        const answer = await client.ask({ event: "unsubscribe", streams: ["x.y"] });
        assert.ok(answer.length < 17_000, `${answer.length} bytes`);
      }
    },
  );

  await step(
    t,
    "a client that does not read is closed, then cut; others go on",
    async () => {
      const id = freshWord();
      const path = `/public?stream=${id}.any`;
      await using reader = await exchange.connect(path);
      await using bystander = await exchange.connect("/public?stream=other.stream");
      // One wakes up in time for the close frame, one never does.
      await using sleeper = await exchange.connect(path);
      using dead = (await exchange.connect(path)).raw;
      const sockets = await openSockets(exchange);

      const sent = await flood(exchange, `public.${id}.any`, reader, closedSlow(2));

      const frames: Frame[] = [];
      do frames.push(await sleeper.raw.frame()); while (frames.at(-1)?.opcode === Opcode.text);
      const close = frames.pop()!;
      assert.equal(close.opcode, Opcode.close);
      assert.deepEqual(closeOf(close), { code: 1008, reason: "slow consumer" });
      assert.deepEqual(
        frames.map(numberOf),
        frames.map((_, number) => number),
        "whole, and in order",
      );
      assert.ok(frames.length < sent);
      await sleeper.close();

      await until(
        async () => await openSockets(exchange) === sockets - 2 || undefined,
        "the sockets of the slow clients to be let go",
      );
      const remains = await dead.rest();
      const numbers = remains.filter((frame) => frame.opcode === Opcode.text).map(numberOf);
      assert.deepEqual(numbers, numbers.map((_, number) => number));

      await exchange.publish("public.other.stream", 1);
      assert.equal(await bystander.next(), '{"other.stream":1}');
      await exchange.assertOwedNothing(bystander);
      await exchange.assertOwedNothing(reader);
    },
  );

  await step(
    t,
    "a client that asks and does not read holds nothing once it is closed",
    async () => {
      const before = (await exchange.stats()).hub.streams;
      const closed = closedSlow(1);
      using client = (await exchange.connect("/public")).raw;
      // Far more answers than what is asked: one for each stream that the role may not have.
      const refused = Array.from({ length: 400 }, (_, number) => `${number}.b.c`);
      for (let round = 0; !closed(); round++) {
        assert.ok(round < 5000, "the client is closed in the end");
        const payload = JSON.stringify({ event: "subscribe", streams: [...refused, `${round}`] });
        await client.send({ opcode: Opcode.text, payload });
        if (round % 20 === 0) await exchange.stats();
      }
      assert.equal((await exchange.stats()).hub.streams, before);
    },
  );

  /** Whether this number of further clients was closed for not reading. */
  function closedSlow(times: number): () => boolean {
    const count = () =>
      exchange.ranger.logged((line) => line.reason === "slow consumer" && line.code === 1008);
    const before = count();
    return () => count() === before + times;
  }
});

Deno.test("the limits are settings", async (t) => {
  const unsent = 64 * 1024 * 1024;
  await using exchange = await startExchange(broker, {
    args: [
      "--limits-message-bytes=100",
      "--limits-streams=2",
      `--limits-unsent-bytes=${unsent}`,
    ],
  });

  await step(t, "--limits-message-bytes", async () => {
    await assertMessageLimit(exchange, 100);
  });

  await step(t, "--limits-streams", async () => {
    await using client = await connectClient(exchange.ranger.url("/public?stream=a.b,c,d"));
    assert.deepEqual(await client.take(2), [TOO_MANY_STREAMS, subscribed("a.b", "c")]);
  });

  await step(t, "--limits-unsent-bytes", async () => {
    const id = freshWord();
    await using reader = await exchange.connect(`/public?stream=${id}.any`);
    await using sleeper = await exchange.connect(`/public?stream=${id}.any`);
    const sent = await flood(exchange, `public.${id}.any`, reader, (bytes) => bytes >= 24e6);
    for (let number = 0; number < sent; number++) {
      assert.equal(numberOf(await sleeper.raw.frame()), number);
    }
    await exchange.assertOwedNothing(sleeper);
  });
});

async function assertMessageLimit(exchange: Exchange, limit: number): Promise<void> {
  await using client = await exchange.connect("/public");
  assert.equal(await client.ask(subscription(limit)), subscribed("ü.b"));
  assert.equal(await client.ask("x".repeat(limit)), MESSAGE_ERROR);
  await client.send(subscription(limit + 1));
  assert.equal((await client.closing()).code, 1009);
  for (const opcode of [Opcode.text, Opcode.binary]) {
    await using another = await exchange.connect("/public");
    await another.raw.send({ opcode, payload: "x".repeat(limit + 1) });
    assert.equal((await another.closing()).code, 1009);
  }
}

function halves(text: string): [string, string] {
  return [text.slice(0, text.length / 2), text.slice(text.length / 2)];
}

/** A long event with its number in front. */
function numbered(number: number): string {
  return `[${number},"${"x".repeat(64_000)}"]`;
}

function numberOf(frame: Frame): number {
  const start = new TextDecoder().decode(frame.payload.subarray(0, 100));
  return Number(/:\[(\d+),/.exec(start)?.[1] ?? NaN);
}

/**
 * Publishes long numbered events until it is enough, while one client reads every one of them.
 *
 * @param enough told how many bytes there were so far
 * @returns how many were sent
 */
async function flood(
  exchange: Exchange,
  routingKey: string,
  reader: Client,
  enough: (bytes: number) => boolean,
): Promise<number> {
  let sent = 0;
  // A time and not a number of bytes: how much fits into it differs from machine to machine.
  const end = performance.now() + 20_000;
  for (let bytes = 0; !enough(bytes); sent++) {
    assert.ok(performance.now() < end, "the slow clients are closed in the end");
    await exchange.publish(routingKey, numbered(sent));
    assert.equal(numberOf(await reader.raw.frame()), sent);
    bytes += 64_000;
  }
  return sent;
}

/** Sockets that the server has open. */
async function openSockets(exchange: Exchange): Promise<number> {
  const folder = `/proc/${exchange.ranger.pid}/fd`;
  let sockets = 0;
  for await (const { name } of Deno.readDir(folder)) {
    const target = await Deno.readLink(`${folder}/${name}`).catch(() => "");
    if (target.startsWith("socket:")) sockets++;
  }
  return sockets;
}
