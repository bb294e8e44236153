import { configure, type LogRecord, reset } from "@logtape/logtape";
import assert from "node:assert/strict";
import { TrustedProxies } from "../../src/http/client_address.ts";
import { Handshakes } from "../../src/http/handshakes.ts";
import { Listener } from "../../src/http/listener.ts";
import { managementApp } from "../../src/http/management_app.ts";
import { pageApp } from "../../src/http/page_app.ts";
import { httpApp } from "../../src/http/http_app.ts";
import { upgradeApp } from "../../src/http/upgrade_app.ts";
import { LabelledCounter } from "../../src/telemetry/labelled_counter.ts";
import { ConnectionQuota } from "../../src/session/connection_quota.ts";
import { RawClient } from "../../testing/raw_client.ts";
import { unlimitedFailures, unlimitedUsers } from "../support/unlimited.ts";

const TEXT = "The server could not answer this; its log says why.\n";

/** What the log and the console get while it is in use. */
class Told implements AsyncDisposable {
  readonly records: LogRecord[] = [];
  readonly console: unknown[] = [];
  readonly #write = console.error;

  static async listen(): Promise<Told> {
    const told = new Told();
    console.error = (...all) => told.console.push(all);
    await configure({
      reset: true,
      sinks: { memory: (record) => told.records.push(record) },
      loggers: [
        { category: ["ranger"], lowestLevel: "warning", sinks: ["memory"] },
        { category: ["logtape", "meta"], lowestLevel: "error", sinks: ["memory"] },
      ],
    });
    return told;
  }

  /** Asserts that the fault was logged, and forgets it. */
  assertLogged(fault: string): void {
    assert.deepEqual(this.console, []);
    const [record, ...more] = this.records.splice(0);
    assert.deepEqual(more, []);
    assert.equal(record?.level, "error");
    const { error } = record.properties;
    assert.ok(error instanceof Error && error.message === fault, String(error));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    console.error = this.#write;
    await reset();
  }
}

function breaks(fault: unknown): () => never {
  return () => {
    throw fault;
  };
}

Deno.test("whatever breaks in an answer is a line of the log, and 500 with a line that says nothing of it", async () => {
  await using told = await Told.listen();
  const management = managementApp({
    unready: breaks(new Error("readiness breaks")),
    stats: breaks(new Error("statistics break")),
    metrics: {
      contentType: "text/plain",
      metrics: () => Promise.reject(new Error("a metric breaks")),
    },
  });
  const demoToken = () => Promise.reject(new Error("signing breaks"));
  const page = httpApp({ page: pageApp({ authenticates: true, version: "1", demoToken }) });
  for (
    const [app, path, fault] of [
      [management, "/metrics", "a metric breaks"],
      [management, "/readyz", "readiness breaks"],
      [management, "/stats", "statistics break"],
      [page, "/page/token", "signing breaks"],
    ] as const
  ) {
    const response = await app.request(path);
    assert.deepEqual([response.status, await response.text()], [500, TEXT]);
    told.assertLogged(fault);
  }
});

Deno.test("a handshake whose token breaks the verification gets 500, and gives its place back", async () => {
  await using told = await Told.listen();
  const limits = { connections: 1, connectionsPerAddress: 1, handshakeTimeout: 10 };
  const places = new ConnectionQuota(limits, new LabelledCounter());
  let fault: unknown = new Error("verification breaks");
  const upgrades = upgradeApp({
    origins: [],
    loopbackOrigins: false,
    proxies: new TrustedProxies([]),
    places,
    failures: unlimitedFailures(),
    users: unlimitedUsers(),
    verify: () => Promise.reject(fault),
    envelope: "object",
    compression: false,
  });
  const listener = new Listener(httpApp(), {
    app: upgrades,
    handshakes: new Handshakes(limits, new LabelledCounter()),
    admit: () => assert.fail("it was admitted"),
    release() {},
  });
  const { port } = await listener.listen({ host: "127.0.0.1", port: 0 }, "--port");
  const headers = { Authorization: "Bearer x" };
  try {
    // Not everything that is thrown is an error, and only errors come as far as an app's handler.
    for (fault of [new Error("verification breaks"), "verification breaks"]) {
      using client = await RawClient.connect(port);
      const response = await client.handshake(`ws://127.0.0.1:${port}/`, { headers });
      assert.equal(response.status, 500);
      assert.equal(response.body, TEXT);
      told.assertLogged("verification breaks");
      assert.equal(places.taken, 0);
    }
  } finally {
    await listener.close();
  }
});

Deno.test("what is thrown and is not an error is answered by either listener", async () => {
  await using told = await Told.listen();
  const listener = new Listener({ fetch: breaks("no error at all") });
  const { port } = await listener.listen({ host: "127.0.0.1", port: 0 }, "--management-port");
  try {
    const response = await fetch(`http://127.0.0.1:${port}/`);
    assert.deepEqual([response.status, await response.text()], [500, TEXT]);
    told.assertLogged("no error at all");
  } finally {
    await listener.close();
  }
});
