/** Environment variables that look like Ranger's and belong to no setting. */
import assert from "node:assert/strict";
import { unknownVariables } from "../../src/config/environment.ts";
import { loadSettings } from "../../src/config/load.ts";
import { eachSetting, environmentNames } from "../../src/config/settings.ts";
import { NOWHERE } from "../support/loading.ts";

const warnings = (...names: string[]) =>
  unknownVariables(
    Object.fromEntries(names.map((name) => [name, "1"])),
    (name) => `environment ${name}`,
  );

Deno.test("a mistyped variable is reported with the name that was meant", async () => {
  const meant: Record<string, string> = {
    RANGER_PRT: "RANGER_PORT",
    RANGER_SERVER_PROT: "RANGER_SERVER_PORT",
    RANGER_LOG_LEVELS: "RANGER_LOG_LEVEL",
    RANGER_AMQP_URI: "RANGER_AMQP_URL",
    RANGER_CONFIGS: "RANGER_CONFIG",
  };
  for (const [name, near] of Object.entries(meant)) {
    assert.deepEqual(warnings(name), [
      `environment ${name}: this variable belongs to no setting and has no effect; did you mean ${near}?`,
    ]);
  }
  // The second is near RANGER_PORT only by what all names have in common.
  for (const name of ["RANGER_OTHER_PROGRAM_THING", "RANGER_POLAR"]) {
    assert.match(warnings(name)[0]!, /; docs\/configuration\.md has their names$/);
  }
  const { settings, unknownVariables: found } = await loadSettings(
    [],
    { RANGER_PRT: "9", RANGER_PORT: "10" },
    NOWHERE,
  );
  assert.equal(settings.server.port, 10);
  assert.equal(found.length, 1);
});

Deno.test("variables of settings, of tests and of other programs are not reported", () => {
  const names = eachSetting().flatMap(([key]) => environmentNames(key));
  assert.deepEqual(warnings(...names, ...names.map((name) => `${name}_FILE`)), []);
  assert.deepEqual(
    warnings(
      ...["RANGER_CONFIG", "RANGER_IGNORE_UNKNOWN", "RANGER_RBAC_ADMIN", "RANGER_SERVER_DRAIN"],
      ...["RANGER_FUZZ_TIMES", "RANGER_FUZZ_SEED", "RANGER_TEST_AMQP_URL", "RANGER_TEST_PORTS"],
      ...["RANGER_BIN", "RANGER_URL", "RANGER_OPEN_FILES", "RANGER_SOMAXCONN"],
      // Kubernetes, for the services ranger and ranger-management.
      ...["RANGER_SERVICE_HOST", "RANGER_SERVICE_PORT", "RANGER_SERVICE_PORT_HTTP"],
      ...["RANGER_PORT_8080_TCP", "RANGER_PORT_8080_TCP_ADDR", "RANGER_PORT_8080_TCP_PROTO"],
      ...["RANGER_MANAGEMENT_SERVICE_HOST", "RANGER_MANAGEMENT_PORT_8082_TCP_PORT"],
      // The file manager, in the shells that it starts.
      ...["RANGER_LEVEL", "RANGER_LOAD_DEFAULT_RC"],
      ...["RANGERS", "RANGO_PRT", "MY_RANGER_PRT"],
    ),
    [],
  );
  assert.deepEqual(unknownVariables({ RANGER_PRT: "" }, String), []);
});
