import assert from "node:assert/strict";
import { lookup } from "node:dns/promises";
import { freePort } from "../../testing/ports.ts";
import { startRanger } from "../../testing/ranger.ts";
import { NOT_INSTALLED, runRanger } from "../support/run_ranger.ts";

/** The addresses of localhost: 127.0.0.1, and ::1 where the hosts file has it. */
const addresses = await lookup("localhost", { all: true });

/** What is said of a port of localhost that nothing listens on. */
function nothingListens(port: number): string {
  return addresses
    .map(({ address, family }) => family === 6 ? `[${address}]` : address)
    .map((address) => `${address}:${port}: nothing listens there`)
    .join("; ");
}

Deno.test("serve names every address of the broker that it tried, with what happened there", async () => {
  const port = freePort();
  await using ranger = await startRanger({
    args: ["--no-auth", "--amqp-url", `amqp://guest:guest@localhost:${port}/`],
  });
  const line = await ranger.log((line) => line.broker === `localhost:${port}`, "the reason");
  assert.equal(line.reason, nothingListens(port));
  const ready = await (await fetch(ranger.managementUrl("/readyz"))).json();
  assert.deepEqual(ready.reasons, [
    `no events come in: the broker localhost:${port}: ${nothingListens(port)}`,
  ]);
});

Deno.test("check and publish name every address that they tried: of the broker and of the key set", async () => {
  const [broker, keys] = [freePort(), freePort()];
  const url = ["--config=/dev/null", `--amqp-url=amqp://guest:guest@localhost:${broker}/`];
  const listeners = ["--host=127.0.0.1", "--port=0", "--management-port=0"];
  const jwks = `--jwks-url=http://localhost:${keys}/jwks.json`;
  const checked = await runRanger(["check", ...NOT_INSTALLED, ...url, ...listeners, jwks]);
  const found = (name: string) =>
    new RegExp(`^FAILS +${name}: (.*)$`, "m").exec(checked.stdout)?.[1];
  assert.ok(found("broker")?.startsWith(`${nothingListens(broker)}; `), checked.output);
  assert.equal(found("jwks"), `http://localhost:${keys}/jwks.json: ${nothingListens(keys)}`);
  assert.equal(checked.code, 69);

  const published = await runRanger(["publish", ...url, "public.usdbtc.trades", "{}"]);
  assert.ok(
    published.stderr.trimEnd().endsWith(
      `at amqp://guest:***@localhost:${broker}/: ${nothingListens(broker)}`,
    ),
    published.output,
  );
  assert.equal(published.code, 69);
});
