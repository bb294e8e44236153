import assert from "node:assert/strict";
import fc from "fast-check";
import { Hub } from "../../src/hub/hub.ts";
import { eventStreamFormats } from "../../src/hub/envelope.ts";
import { Subscriber } from "../../src/hub/subscriber.ts";
import { encodeBriefEvent, encodeEvent } from "../../src/sse/event.ts";
import { asksForEvents } from "../../src/sse/response.ts";
import { peatioRegistry } from "../../src/streams/peatio.ts";
import { HUB_LIMITS } from "../support/hub_limits.ts";
import { ManualFlusher } from "../support/manual_flusher.ts";
import { RecordingOutbox } from "../support/recording_outbox.ts";

const bytes = (text: string) => new TextEncoder().encode(text);
const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);

/** The data of one event, as WHATWG HTML, section 9.2.6 says. */
function dataOf(event: string): string {
  const lines = event.split(/\r\n|\r|\n/);
  assert.deepEqual(lines.splice(-2), ["", ""], "a blank line ends it");
  assert.equal(lines.shift(), "id: 7");
  for (const line of lines) assert.ok(line.startsWith("data: "), line);
  return lines.map((line) => line.slice("data: ".length)).join("\n");
}

Deno.test("whatever line ends data has, a client gets its lines, and nothing else of it changes", () => {
  const part = fc.string({
    unit: fc.oneof(fc.constantFrom("\r", "\n", "\r\n", ":", " ", "data: "), fc.string()),
  });
  fc.assert(fc.property(fc.array(part, { minLength: 1, maxLength: 4 }), (parts) => {
    // Half a character in one part is none.
    const data = parts.map((part) => part.toWellFormed());
    const wanted = data.join("").replace(/\r\n|\r|\n/g, "\n");
    for (const encode of [encodeEvent, encodeBriefEvent]) {
      assert.equal(dataOf(text(encode("id: 7", data.map(bytes)))), wanted);
    }
  }));
});

Deno.test("an event is encoded once for a thousand clients of server-sent events", () => {
  const flusher = new ManualFlusher();
  const hub = new Hub({ registry: peatioRegistry, mode: "open", ...HUB_LIMITS, flusher });
  hub.opened("k3j9x0q1z7d");
  const { object } = eventStreamFormats(hub.cursors);
  const whole = (bytes: Uint8Array) => [bytes];
  const clients = Array.from({ length: 1000 }, (_, at) => {
    // Two audiences: what they share is encoded once for both.
    const names = ["usdbtc.trades", ...(at % 2 === 0 ? ["ethbtc.trades"] : [])];
    const recording = new RecordingOutbox({ flusher, split: whole });
    const subscriber = new Subscriber(recording.outbox, object);
    hub.subscribe(subscriber, names);
    hub.start(subscriber, names);
    return recording;
  });
  hub.deliver({
    offset: 71,
    routingKey: "public.usdbtc.trades",
    body: bytes('{"n":\n1}'),
    age: 0,
    past: false,
  });
  flusher.flush();
  const [first] = clients[0]!.frames;
  assert.equal(
    text(first!),
    'id: 1z-k3j9x0q1z7d\ndata: {"usdbtc.trades":{"n":\ndata: 1}}\n\n',
  );
  for (const { frames, writes } of clients) {
    assert.equal(writes, 1);
    // The same memory, not the same bytes.
    assert.equal(frames[0]!.buffer, first!.buffer);
    assert.equal(frames[0]!.byteOffset, first!.byteOffset);
  }
});

Deno.test("a request asks for events when it accepts them", () => {
  const rows: [accept: string | undefined, asks: boolean][] = [
    [undefined, false],
    ["", false],
    ["*/*", false],
    ["text/*", false],
    ["text/event-stream", true],
    ["TEXT/Event-Stream", true],
    ["text/html, text/event-stream;q=0.1", true],
    ["text/event-stream ; charset=utf-8", true],
    ["text/event-stream;q=0", false],
    ["text/event-stream; Q=0.000", false],
    ["text/event-stream;q=0.001", true],
    ["text/event-streams", false],
  ];
  for (const [accept, asks] of rows) assert.equal(asksForEvents(accept), asks, accept);
});
