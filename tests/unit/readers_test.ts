/** Clients that come and go, read slowly and change what they hold, against a list of all events. */
import fc from "fast-check";
import assert from "node:assert/strict";
import { formatCursor, parseCursor } from "../../src/hub/cursor.ts";
import { wireFormats } from "../../src/hub/envelope.ts";
import { Hub } from "../../src/hub/hub.ts";
import { Subscriber } from "../../src/hub/subscriber.ts";
import { peatioRegistry } from "../../src/streams/peatio.ts";
import { FrameReader } from "../../testing/frames.ts";
import { HUB_LIMITS } from "../support/hub_limits.ts";
import { ManualFlusher } from "../support/manual_flusher.ts";
import { RecordingOutbox } from "../support/recording_outbox.ts";
import { webSocketFrames } from "../support/recording_subscriber.ts";
import { runs } from "../support/runs.ts";

const LOG = "aaaaaaaaaaa";
const UNSENT_BYTES = 3000;
const KEYS = [
  "public.usdbtc.trades",
  "public.usdbtc.other",
  "public.ethbtc.trades",
  "private.ID1.order",
  "private.ID2.order",
  "private.ID1.trade",
] as const;
const NAMES = ["usdbtc.trades", "usdbtc.other", "ethbtc.trades", "order", "trade", "usdbtc"];
const UIDS = ["ID1", "ID2"] as const;

interface LogEvent {
  readonly offset: number;
  readonly routingKey: string;
}

/** Whether an event reaches subscribers of a name. */
function isOf(name: string, uid: string | undefined, { routingKey }: LogEvent): boolean {
  const [scope, middle, event] = routingKey.split(".");
  if (scope === "private") return middle === uid && event === name;
  return name === `${middle}.${event}` || name === middle;
}

/** One process: a hub that reads the log, perhaps later than another. */
class Instance {
  readonly flusher = new ManualFlusher();
  readonly hub: Hub;
  read = 0;

  constructor(bytes: number) {
    this.hub = new Hub({
      registry: peatioRegistry,
      mode: "open",
      ...HUB_LIMITS,
      flusher: this.flusher,
      history: { seconds: 300, bytes },
      limits: { unsentBytes: UNSENT_BYTES, unsentTimeout: 30 },
    });
    this.hub.opened(LOG);
    this.hub.up();
  }

  readUpTo(end: number, log: readonly LogEvent[]): void {
    for (; this.read < end; this.read++) {
      const { offset, routingKey } = log[this.read]!;
      const filler = "x".repeat(offset * 37 % 400);
      const body = new TextEncoder().encode(JSON.stringify({ offset, filler }));
      this.hub.deliver({ offset, routingKey, body, age: 0, past: false });
    }
  }
}

/** One connection, with what it must have received. */
class Connection extends RecordingOutbox {
  readonly instance: Instance;
  readonly subscriber: Subscriber;
  /** By name: the events behind this offset are owed. */
  readonly owedAfter = new Map<string, number>();
  /** Names of which something may be missing, as a message said. */
  readonly told = new Set<string>();
  readonly received = new Map<number, string>();
  readonly order: number[] = [];
  cursor: string | undefined;
  isClosed = false;
  /** Whether older events may come in between, because streams were added with a cursor. */
  isMixed = false;
  /** Whether it is anonymous now: nothing private is owed any more. */
  isExpired = false;

  constructor(instance: Instance) {
    const limits = { unsentBytes: UNSENT_BYTES };
    super({ split: webSocketFrames, flusher: instance.flusher, limits });
    this.instance = instance;
    const format = wireFormats(undefined, instance.hub.cursors).cursors.object;
    this.subscriber = new Subscriber(this.outbox, format, {
      slowConsumer: () => this.end(),
    });
    instance.hub.open(this.subscriber);
  }

  override drained(): void {
    this.instance.hub.resume(this.subscriber);
  }
  override caughtUp(): void {
    this.instance.hub.caughtUp(this.subscriber);
  }
  override overflowed(): void {
    this.instance.hub.fallBehind(this.subscriber);
  }

  end(): void {
    this.isClosed = true;
    this.instance.hub.remove(this.subscriber);
    this.outbox.close();
  }

  subscribe(names: readonly string[], cursor: string | undefined): void {
    const { hub, read } = this.instance;
    const added = names.filter((name) => !this.subscriber.streams.has(name));
    hub.subscribe(this.subscriber, added);
    const parsed = cursor === undefined ? undefined : parseCursor(cursor)!;
    for (const name of added) {
      if (!this.isExpired || !/^(order|trade)$/.test(name)) this.told.delete(name);
      // Private streams are owed from there once the user is known. A loss is half an event.
      this.owedAfter.set(name, parsed?.offset ?? read + 0.6);
    }
    if (this.order.length > 0 || this.received.size > 0) this.isMixed = true;
    hub.start(this.subscriber, added, { cursor: parsed });
  }

  /** Takes what has been written, and checks what can be checked at once. */
  take(): void {
    for (const frame of this.frames.splice(0)) {
      const reader = new FrameReader();
      reader.add(frame);
      const text = new TextDecoder().decode(reader.frame()!.payload);
      const message = JSON.parse(text);
      const reported = message.error ?? message.status;
      if (reported) {
        if (/Cannot resume|missing/.test(reported.message)) {
          for (const name of reported.streams) this.told.add(name);
        }
        continue;
      }
      if (message.success) continue;
      const [[name, payload]] = Object.entries(message) as [[string, { offset: number }]];
      const { offset } = payload;
      assert.equal(message.cursor, formatCursor({ log: LOG, offset }));
      assert.ok(!this.received.has(offset), `${name} ${offset} came twice`);
      const last = this.order.at(-1);
      if (!this.isMixed && last !== undefined) assert.ok(offset > last, "in the log's order");
      this.order.push(offset);
      this.received.set(offset, name);
      this.cursor = message.cursor;
    }
  }
}

const some = <T>(of: readonly T[]) => fc.subarray([...of], { minLength: 1 });
const step = fc.oneof(
  {
    weight: 10,
    arbitrary: fc.record({
      kind: fc.constant("publish" as const),
      keys: fc.array(fc.nat(KEYS.length - 1), { minLength: 1, maxLength: 12 }),
    }),
  },
  { weight: 4, arbitrary: fc.record({ kind: fc.constant("read" as const), instance: fc.nat(1) }) },
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constant("connect" as const),
      instance: fc.nat(1),
      names: some(NAMES),
      uid: fc.option(fc.nat(1)),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant("disconnect" as const),
      client: fc.nat(5),
      instance: fc.nat(1),
      names: some(NAMES),
      isLate: fc.boolean(),
    }),
  },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant("stall" as const), client: fc.nat(5) }) },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant("readOn" as const), client: fc.nat(5) }) },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant("subscribe" as const),
      client: fc.nat(5),
      names: some(NAMES),
      isResumed: fc.boolean(),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant("unsubscribe" as const),
      client: fc.nat(5),
      names: some(NAMES),
    }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("expire" as const), client: fc.nat(5) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("loss" as const) }) },
  { weight: 4, arbitrary: fc.constant({ kind: "flush" as const }) },
);

const turn = () => new Promise<void>((resolve) => setImmediate(resolve));

const counts = { resumed: 0, told: 0, slow: 0, events: 0 };

/** Plays the steps. */
async function play(
  steps: readonly (typeof step extends fc.Arbitrary<infer T> ? T : never)[],
  bytes: number,
) {
  const log: LogEvent[] = [];
  const losses: number[] = [];
  const instances = [new Instance(bytes), new Instance(bytes)];
  const clients: Connection[] = [];
  const uids = new Map<Connection, string | undefined>();
  const publish = (keys: readonly number[]) => {
    for (const key of keys) log.push({ offset: log.length + 1, routingKey: KEYS[key]! });
  };
  const connect = (
    instance: Instance,
    names: readonly string[],
    uid: string | undefined,
    cursor?: string,
  ) => {
    const client = new Connection(instance);
    instance.hub.identify(client.subscriber, uid);
    uids.set(client, uid);
    clients.push(client);
    client.subscribe(names, cursor);
    return client;
  };
  for (const next of steps) {
    const client = "client" in next
      ? clients[next.client % Math.max(1, clients.length)]
      : undefined;
    const open = client && !client.isClosed ? client : undefined;
    if (next.kind === "publish") {
      publish(next.keys);
      instances[0]!.readUpTo(log.length, log);
    } else if (next.kind === "read") instances[next.instance]!.readUpTo(log.length, log);
    else if (next.kind === "connect") {
      connect(
        instances[next.instance]!,
        next.names,
        next.uid === null ? undefined : UIDS[next.uid],
      );
    } else if (next.kind === "disconnect" && open) {
      open.take();
      open.end();
      const uid = uids.get(open);
      const instance = instances[next.instance]!;
      const back = connect(instance, next.names, next.isLate ? undefined : uid, open.cursor);
      if (open.cursor !== undefined) counts.resumed++;
      if (next.isLate && uid !== undefined) {
        instance.hub.identify(back.subscriber, uid);
        uids.set(back, uid);
        instance.hub.resumePrivate(back.subscriber);
        // Without a cursor they begin now, which is the same.
        back.isMixed = true;
      }
    } else if (next.kind === "stall") open?.stopReading();
    else if (next.kind === "readOn") await open?.readOn();
    else if (next.kind === "subscribe" && open) {
      open.take();
      // Events that it has seen already may come again, where the cursor is of before them.
      const names = next.names.filter((name) => name !== "usdbtc" && !name.startsWith("usdbtc"));
      open.subscribe(
        names.filter((name) => !open.owedAfter.has(name)),
        next.isResumed ? open.cursor : undefined,
      );
    } else if (next.kind === "unsubscribe" && open) {
      open.instance.hub.unsubscribe(open.subscriber, next.names);
      for (const name of next.names) open.told.add(name);
    } else if (next.kind === "expire" && open) {
      open.instance.hub.identify(open.subscriber, undefined);
      open.isExpired = true;
      open.told.add("order").add("trade");
    } else if (next.kind === "loss") {
      losses.push(log.length + 0.5);
      for (const instance of instances) {
        instance.readUpTo(log.length, log);
        instance.hub.down();
        instance.hub.lost({ cause: "connection", after: log.length });
        instance.hub.up();
      }
    } else if (next.kind === "flush") {
      for (const { flusher } of instances) flusher.flush();
      await turn();
    }
    for (const each of clients) {
      if (each.subscriber.isBehind) counts.slow++;
    }
  }
  for (const instance of instances) instance.readUpTo(log.length, log);
  for (let round = 0; round < 200; round++) {
    for (const each of clients) await each.readOn();
    for (const { flusher } of instances) flusher.flush();
    await turn();
    if (
      clients.every(({ subscriber, outbox, isClosed }) =>
        isClosed || !subscriber.isBehind && !outbox.isBehind
      )
    ) break;
  }
  for (const { flusher } of instances) flusher.flush();
  for (const each of clients) {
    each.take();
    check(each, uids.get(each), log);
    if (each.isClosed) continue;
    for (const [name, after] of each.owedAfter) {
      if (losses.some((at) => at > after)) assert.ok(each.told.has(name), `${name}: a loss`);
    }
    if (!each.isClosed) each.end();
  }
  for (const { hub } of instances) assert.equal(hub.readers.size, 0);
}

function check(client: Connection, uid: string | undefined, log: readonly LogEvent[]): void {
  const { received, owedAfter, told, subscriber } = client;
  counts.events += received.size;
  counts.told += told.size;
  for (const offset of received.keys()) {
    const event = log[offset - 1]!;
    const isHeld = [...owedAfter].some(([name, after]) => offset > after && isOf(name, uid, event));
    assert.ok(isHeld, `${event.routingKey} ${offset} was for somebody else`);
  }
  if (client.isClosed) return;
  assert.equal(subscriber.isBehind, false, "it has caught up");
  for (const [name, after] of owedAfter) {
    if (told.has(name)) continue;
    for (const event of log) {
      if (event.offset <= after || !isOf(name, uid, event)) continue;
      assert.ok(received.has(event.offset), `${name} ${event.offset} after ${after} is missing`);
    }
  }
}

Deno.test("every client gets each of its events once and in order, or learns that some are missing", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(step, { minLength: 5, maxLength: 60 }),
      fc.constantFrom(4096, 65_536),
      play,
    ),
    { numRuns: runs(300) },
  );
  for (const [what, count] of Object.entries(counts)) assert.ok(count > 0, what);
});
