import assert from "node:assert/strict";
import { until } from "../../testing/bounded.ts";
import { connectClient } from "../support/client.ts";
import { step } from "../support/exchange.ts";
import { type RangerProcess, startRanger } from "../../testing/ranger.ts";
import { RawClient, type RawResponse } from "../../testing/raw_client.ts";
import { makeKey } from "../../testing/tokens.ts";

const NO_BROKER = ["--amqp-url", "amqp://127.0.0.1:1/"];

async function statsOf(ranger: RangerProcess) {
  return await (await fetch(ranger.managementUrl("/stats"))).json();
}

async function refused(
  ranger: RangerProcess,
  path = "/",
  headers: Record<string, string | undefined> = {},
): Promise<RawResponse> {
  using client = await RawClient.connect(ranger.port);
  const response = await client.handshake(ranger.url(path), { headers });
  assert.equal(await client.ended(), "end");
  return response;
}

function assertMayComeBack(response: RawResponse): void {
  const seconds = Number(response.headers.get("retry-after"));
  assert.ok(seconds >= 5 && seconds <= 15 && Number.isInteger(seconds), `${seconds}`);
}

Deno.test("a full server refuses with 503, after what is wrong anyway and before any token", async (t) => {
  const key = await makeKey();
  await using ranger = await startRanger({
    args: [...NO_BROKER, "--jwt-public-key", key.publicPem, "--limits-connections=3"],
  });

  await step(t, "who is refused for something else takes no place", async () => {
    for (let times = 0; times < 5; times++) {
      assert.equal((await refused(ranger, "/private")).status, 401);
      assert.equal((await refused(ranger, "/", { Origin: "https://evil.example" })).status, 403);
    }
  });

  await step(t, "the fourth of three is refused, and told to come back", async () => {
    const headers = { Authorization: `Bearer ${await key.token({ uid: "ID1" })}` };
    await using first = await connectClient(ranger.url("/private"), { headers });
    await using _second = await connectClient(ranger.url());
    await using third = await connectClient(ranger.url());
    const response = await refused(ranger);
    assert.equal(response.statusLine, "HTTP/1.1 503 Service Unavailable");
    assert.equal(response.body, "There are too many clients; try again later.\n");
    assert.match(response.headers.get("content-type") ?? "", /^text\/plain/);
    assertMayComeBack(response);

    // A wrong request gets its error at any time.
    const form = { "Sec-WebSocket-Key": undefined };
    assert.equal((await refused(ranger, "/", form)).status, 400);
    assert.equal((await refused(ranger, "/", { Origin: "https://evil.example" })).status, 403);
    // A token is not looked at any more.
    assert.equal((await refused(ranger, "/private")).status, 503);
    assert.equal((await refused(ranger, "/", { Authorization: "Bearer x" })).status, 503);
    // A GET for the description is answered.
    const page = await fetch(ranger.publicUrl("/"));
    assert.equal(page.status, 200);
    await page.text();
    assert.deepEqual((await statsOf(ranger)).limitsHit, { connections: 3 });

    await first.next();
    await first.close();
    await third.close();
    await until(
      async () => (await statsOf(ranger)).connections.open === 1 || undefined,
      "two of them to have gone",
    );
    await using _next = await connectClient(ranger.url());
    await using _last = await connectClient(ranger.url());
    assert.equal((await refused(ranger)).status, 503);
  });
});

Deno.test("connections that come at once keep to the limit, and no place is lost", async () => {
  await using ranger = await startRanger({
    args: [...NO_BROKER, "--no-auth", "--limits-connections=50"],
  });
  for (let round = 0; round < 3; round++) {
    const clients = await Promise.all(Array.from({ length: 200 }, async () => {
      const client = await RawClient.connect(ranger.port);
      return { client, status: (await client.handshake(ranger.url())).status };
    }));
    const statuses = clients.map(({ status }) => status);
    assert.equal(statuses.filter((status) => status === 101).length, 50);
    assert.equal(statuses.filter((status) => status === 503).length, 150);
    for (const { client } of clients) client.close();
    await until(
      async () => (await statsOf(ranger)).connections.open === 0 || undefined,
      "all to have gone",
    );
  }
});

Deno.test("connections per address are not limited unless that is set, and then with 429", async () => {
  await using ranger = await startRanger({
    args: [...NO_BROKER, "--no-auth", "--limits-connections-per-address=2"],
  });
  await using first = await connectClient(ranger.url());
  await using _second = await connectClient(ranger.url());
  const response = await refused(ranger, "/", { "X-Forwarded-For": "1.1.1.1" });
  assert.equal(response.statusLine, "HTTP/1.1 429 Too Many Requests");
  assert.equal(response.body, "There are too many clients from your address; try again later.\n");
  assertMayComeBack(response);
  assert.deepEqual((await statsOf(ranger)).limitsHit, { connections_per_address: 1 });
  await first.next();
  await first.close();
  await until(
    async () => (await statsOf(ranger)).connections.open === 1 || undefined,
    "it to have gone",
  );
  await using _third = await connectClient(ranger.url());
});
