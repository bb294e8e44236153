import assert from "node:assert/strict";
import { incrementsOf, roleOf, snapshotsOf, stateNameOf } from "../../src/streams/stream_role.ts";
import { peatioRegistry } from "../../src/streams/peatio.ts";

Deno.test("the suffix of a name says whether its events are snapshots, increments or plain", () => {
  const roles = [
    "usdbtc.ob-snap",
    "admin.usdbtc.ob-inc",
    "usdbtc.trades",
    "usdbtc",
    "a.-inc",
    "a.inc",
  ]
    .map(roleOf);
  assert.deepEqual(roles, ["snapshot", "increment", "plain", "plain", "increment", "plain"]);
});

Deno.test("snapshots and increments of a state have its name", () => {
  for (const name of [snapshotsOf("usdbtc.ob"), incrementsOf("usdbtc.ob")]) {
    assert.equal(stateNameOf(name), "usdbtc.ob");
  }
  assert.equal(stateNameOf("a.x-inc-snap"), "a.x-inc");
});

Deno.test("the registry and the name agree about the role of every kind", () => {
  for (const { label, role } of peatioRegistry.kinds) assert.equal(roleOf(label), role, label);
});
