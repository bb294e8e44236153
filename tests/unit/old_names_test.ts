import assert from "node:assert/strict";
import { loadSettings } from "../../src/config/load.ts";
import { eachSetting, environmentName, type SettingKey } from "../../src/config/settings.ts";
import { entryOf, NOWHERE, refusal } from "../support/loading.ts";
import { temporaryFolder } from "../support/run_ranger.ts";

/** The renamed settings: the key and the flag of an earlier version, and those of now. */
const RENAMED: readonly (readonly [string, string, SettingKey, string])[] = [
  ["server.drain", "drain", "server.drain_seconds", "drain-seconds"],
  ["management.grace", "management-grace", "management.broker_grace", "management-broker-grace"],
  [
    "management.streams",
    "management-streams",
    "management.max_named_streams",
    "management-max-named-streams",
  ],
  [
    "streams.replay",
    "streams-replay",
    "streams.replay_increments",
    "streams-replay-increments",
  ],
];

function toml(...lines: readonly (readonly [key: string, value: number])[]): string {
  const [section] = lines[0]![0].split(".");
  return `[${section}]\n${
    lines.map(([key, value]) => `${key.split(".")[1]} = ${value}`).join("\n")
  }\n`;
}

Deno.test("the renamed settings are those of this list", () => {
  assert.deepEqual(
    eachSetting().flatMap(([key, { formerly }]) => formerly === undefined ? [] : [key]).toSorted(),
    RENAMED.map(([, , key]) => key).toSorted(),
  );
});

for (const [oldKey, oldFlag, key, flag] of RENAMED) {
  Deno.test(`${oldKey} is still read for ${key}, from every source, and is noted`, async () => {
    await using folder = await temporaryFolder();
    const file = await folder.write("old.toml", toml([oldKey, 7]));
    const options = { ...NOWHERE, defaultFile: file };
    const [oldVariable, variable] = [environmentName(oldKey), environmentName(key)];
    const inFile = { from: oldKey, to: key, source: `file ${file}` };
    const inEnvironment = {
      ...{ from: oldVariable, to: variable },
      source: `environment ${oldVariable}`,
    };
    const asFlag = { from: `--${oldFlag}`, to: `--${flag}`, source: `flag --${oldFlag}` };

    assert.deepEqual(await entryOf(key, [], {}, options), {
      ...{ key, shown: "7", source: `file ${file}` },
    });
    assert.deepEqual((await loadSettings([], {}, options)).renamed, [inFile]);
    assert.deepEqual(await entryOf(key, [], { [oldVariable]: "8" }, options), {
      ...{ key, shown: "8", source: `environment ${oldVariable}` },
    });
    assert.deepEqual(
      (await loadSettings([], { [oldVariable]: "8" }, options)).renamed,
      [inEnvironment, inFile],
    );
    assert.deepEqual(await entryOf(key, [`--${oldFlag}`, "9"], { [oldVariable]: "8" }, options), {
      ...{ key, shown: "9", source: `flag --${oldFlag}` },
    });
    assert.deepEqual(
      (await loadSettings([`--${oldFlag}=9`], { [oldVariable]: "8" }, options)).renamed,
      [asFlag, inEnvironment, inFile],
    );
    // A stronger source wins by whichever name; an empty variable counts as not set.
    assert.equal((await entryOf(key, [], { [variable]: "5" }, options)).shown, "5");
    assert.equal((await entryOf(key, [], { [oldVariable]: "" }, options)).shown, "7");
    assert.deepEqual((await loadSettings([`--${flag}=1`], {}, NOWHERE)).renamed, []);
  });

  Deno.test(`${oldKey} and ${key} in one source are refused`, async () => {
    await using folder = await temporaryFolder();
    for (const lines of [[[oldKey, 1], [key, 1]], [[key, 1], [oldKey, 1]]] as const) {
      const file = await folder.write("both.toml", toml(...lines));
      assert.equal(
        await refusal([], {}, { ...NOWHERE, defaultFile: file }),
        `file ${file}: ${oldKey} is the old name of ${key}, and both are given; ` +
          `expected ${key} alone`,
      );
    }
    const [oldVariable, variable] = [environmentName(oldKey), environmentName(key)];
    assert.equal(
      await refusal([], { [oldVariable]: "1", [variable]: "1" }),
      `environment: ${oldVariable} is the old name of ${variable}, and both are given; ` +
        `expected ${variable} alone`,
    );
    for (const args of [[`--${oldFlag}=1`, `--${flag}=1`], [`--${flag}=1`, `--${oldFlag}=1`]]) {
      assert.equal(
        await refusal(args),
        `--${oldFlag} is the old name of --${flag}, and both are given; expected --${flag} alone`,
      );
    }
    assert.match(
      await refusal([`--${oldFlag}=1`, `--${oldFlag}=1`]),
      /is given more than once; expected it once/,
    );
  });
}
