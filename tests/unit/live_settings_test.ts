import assert from "node:assert/strict";
import { loadSettings } from "../../src/config/load.ts";
import { eachSetting } from "../../src/config/settings.ts";
import { liveSettings } from "../../src/config/shape.ts";
import { applyLive, type LiveTable } from "../../src/daemon/live.ts";
import { NOWHERE } from "../support/loading.ts";

const { settings } = await loadSettings(["--rbac", "desk=trader"], {}, NOWHERE);

/** `limits.unsent_bytes` is `unsentBytes` of `limits`. */
function propertyOf(key: string): readonly [section: string, property: string] {
  const [section = "", word = ""] = key.split(".");
  return [section, word.replace(/_(.)/g, (_, letter: string) => letter.toUpperCase())];
}

Deno.test("the live part of the settings is what is declared live, and the roles", () => {
  const live = liveSettings(settings) as unknown as Record<string, Record<string, unknown>>;
  const found = Object.entries(live).flatMap(([section, values]) =>
    section === "rbac" ? [] : Object.keys(values).map((property) => `${section}.${property}`)
  );
  const declared = eachSetting()
    .filter(([key, setting]) => setting.live === true && key !== "auth.leeway")
    .map(([key]) => propertyOf(key).join("."));
  assert.ok(declared.includes("limits.unsentBytes") && !declared.includes("server.port"));
  assert.deepEqual(found.toSorted(), declared.toSorted());
  assert.deepEqual(live["rbac"], { desk: ["trader"] });
});

Deno.test("a reload applies every live section once, with nothing that is not live", async () => {
  const applied: [string, unknown][] = [];
  const note = (section: string) => (next: unknown) => void applied.push([section, next]);
  const table: LiveTable = {
    auth: note("auth"),
    limits: note("limits"),
    log: note("log"),
    rbac: note("rbac"),
    server: note("server"),
  };
  await applyLive(table, settings);
  assert.deepEqual(Object.fromEntries(applied), liveSettings(settings));
  assert.equal(applied.length, 5);
});
