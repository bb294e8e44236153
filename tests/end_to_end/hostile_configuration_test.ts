import fc from "fast-check";
import assert from "node:assert/strict";
import { parseFile } from "../../src/config/file.ts";
import { loadSettings } from "../../src/config/load.ts";
import { eachSetting, environmentNames } from "../../src/config/settings.ts";
import { exampleFile } from "../../scripts/example_file.ts";
import { ConfigurationError } from "../../src/errors.ts";
import { arbitraryDamage, damaged, fuzz, fuzzAsync } from "../support/fuzz.ts";
import { temporaryFolder } from "../support/run_ranger.ts";

/** Part of every secret here; it must never be shown. A number, because a file may have one there. */
const SECRET = "77233771";

const settings = eachSetting();
const keys = settings.map(([key]) => key);

/** Values that some setting takes, and some that none does. */
const word = fc.oneof(
  fc.constantFrom("true", "false", "yes", "0", "1", "-1", "8080", "65536", "1e9", "  7 ", "5s"),
  fc.constantFrom("*", "info", "WARN", "json", "strict", "tuple", "RS256", "EdDSA", "a,b,,c"),
  fc.constantFrom(
    "localhost",
    "::1",
    "[::1]",
    "127.0.0.1",
    "https://*.example.com:443",
    "tcp://x:1",
  ),
  fc.constantFrom("", " ", ",", "=", "a=b,c", "/dev/null", "-----BEGIN PUBLIC KEY-----", "-x"),
  fc.string({ unit: "binary", maxLength: 12 }),
);
const secret = fc.oneof(
  fc.string({ unit: fc.constantFrom("/", "@", ":", "%", "#", "?", "a", "%41"), maxLength: 6 })
    .map((text) => `amqp://u:${text}${SECRET}${text}@host:5672/v`),
  fc.constantFrom(`http://${SECRET}`, `amqp:${SECRET}`, `amqps://u:${SECRET}@[::1]/`),
  fc.constantFrom(`-----BEGIN PRIVATE KEY-----\n${SECRET}`, SECRET, `--${SECRET}`, `${SECRET}\n`),
);
/** An address is shown, but for what stands behind it. */
const address = fc.constantFrom("https://keys.example.com", "http://[::1]:1/a", "https://u:p@host")
  .map((start) => `${start}?key=${SECRET}`);
const hidden = new Set(settings.filter(([, { secret }]) => secret === true).map(([key]) => key));

/** A setting and a text for it; a secret only where one belongs. */
const given = fc.constantFrom(...keys).chain((key) =>
  (key === "auth.jwks_url" ? address : hidden.has(key) ? fc.oneof(secret, word) : word).map((
    value,
  ) => ({ key, value }))
);

const flag = fc.oneof(
  { weight: 6, arbitrary: given.map(({ key, value }) => flagsOf(key, value)) },
  fc.constantFrom(["--no-auth"], ["--port"], ["--rbac", "admin=a,b"], ["--rbac=x"], ["loose"]),
  fc.constantFrom(["--"], ["-h"], ["--config", "/dev/null"], ["--config", "/nowhere"], ["--=x"]),
  fc.string({ maxLength: 8 }).map((text) => [`--${text}`]),
);

function flagsOf(key: string, value: string): string[] {
  const [, { flag, kind }] = settings.find(([known]) => known === key)!;
  if (kind.placeholder === "") return [value.length % 2 === 0 ? `--${flag}` : `--no-${flag}`];
  return value.length % 2 === 0 ? [`--${flag}`, value] : [`--${flag}=${value}`];
}

const variable = fc.tuple(given, fc.nat(3)).map(([{ key, value }, at]) => {
  const names = environmentNames(key);
  return [names[at % names.length]!, value.replaceAll("\0", "")] as const;
});

const tomlValue = fc.oneof(
  word.map((text) => JSON.stringify(text)),
  fc.jsonValue({ maxDepth: 2 }).map((value) => JSON.stringify(value)),
  fc.constantFrom("true", "0x10", "1979-05-27", "nan", "9223372036854775807", "{a = 1}", "[[1]]"),
);
const tomlLine = fc.oneof(
  fc.tuple(given, tomlValue).map(([{ key, value }, other]) => {
    const [section, name] = key.split(".");
    const text = value.length % 4 === 0 ? SECRET : JSON.stringify(value);
    return `[${section}]\n${name} = ${hidden.has(key) ? text : other}`;
  }),
  tomlValue.map((value) => `[rbac]\nadmin = ${value}`),
  fc.tuple(fc.constantFrom(...keys), tomlValue).map(([key, value]) => `${key} = ${value}`),
  fc.constantFrom("[server", "[[server]]", "__proto__ = 1", "[__proto__]", "[constructor]\na = 1"),
);
const toml = fc.array(tomlLine, { maxLength: 3 }).map((lines) => lines.join("\n"));

/** Declared errors pass, and say no secret; all else is thrown. */
function assertDeclared(error: unknown): void {
  if (!(error instanceof ConfigurationError)) throw error;
  assert.ok(!error.message.includes(SECRET), error.message);
}

Deno.test("a file of random bytes, and a good one that is damaged, is read or refused", () => {
  const example = new TextEncoder().encode(exampleFile().replaceAll(/^#(?=\w+ = |\[)/gm, ""));
  const text = fc.oneof(
    fc.string({ unit: "binary", maxLength: 40 }),
    fc.string({ unit: fc.constantFrom(..."[]{}=\"'.,#\n\\\t a1_-"), maxLength: 40 }),
    toml,
    arbitraryDamage.map((changes) => new TextDecoder().decode(damaged(example, changes).bytes)),
  );
  fuzz(
    40_000,
    fc.property(text, (text) => {
      try {
        parseFile(text, "ranger.toml");
      } catch (error) {
        assertDeclared(error);
      }
    }),
  );
});

Deno.test("random flags, environments and files are loaded or refused, and no secret is shown", async () => {
  await using folder = await temporaryFolder();
  const file = `${folder.path}/ranger.toml`;
  const sources = fc.record({
    flags: fc.array(flag, { maxLength: 3 }).map((flags) => flags.flat()),
    environment: fc.array(variable, { maxLength: 3 }).map(Object.fromEntries),
    // A file costs more than all the rest.
    text: fc.option(toml, { freq: 1 }),
  });
  let loadedOnes = 0;
  await fuzzAsync(
    60_000,
    fc.asyncProperty(sources, async ({ flags, environment, text }) => {
      if (text !== null) Deno.writeTextFileSync(file, text);
      try {
        const options = {
          terminal: false,
          requireKey: false,
          defaultFile: text === null ? "" : file,
        };
        const loaded = await loadSettings(flags, environment, options);
        loadedOnes++;
        for (const { key, shown, source } of loaded.entries) {
          assert.ok(source !== "" && !shown.includes(SECRET), `${key} is shown as ${shown}`);
        }
        const { server, limits, log } = loaded.settings;
        assert.ok(server.port >= 0 && server.port < 65_536 && Number.isInteger(server.port));
        assert.ok(limits.messageBytes >= 64 && Number.isInteger(limits.messageBytes));
        assert.ok(log.format === "text" || log.format === "json");
      } catch (error) {
        assertDeclared(error);
      }
    }),
  );
  assert.ok(loadedOnes > 5000, `only ${loadedOnes} were loaded`);
});
