import assert from "node:assert/strict";
import { formatAmqpUrl, parseAmqpUrl } from "../../src/config/amqp_url.ts";
import { loadSettings } from "../../src/config/load.ts";
import { entryOf, NOWHERE } from "../support/loading.ts";
import { temporaryFolder } from "../support/run_ranger.ts";

Deno.test("a piece of the broker's address overrides a URL of the same rank or below", async () => {
  await using folder = await temporaryFolder();
  const file = await folder.write(
    "ranger.toml",
    '[amqp]\nurl = "amqp://ann:pw@file:1000/live?channelMax=5"\nvhost = "other/1"\n',
  );
  const load = async (args: string[], environment: Record<string, string>) => {
    const options = { ...NOWHERE, defaultFile: file };
    return (await loadSettings(args, environment, options)).settings.amqp.urls[0];
  };
  const inFile = "amqp://ann:pw@file:1000/other%2F1?channelMax=5";
  assert.equal(await load([], {}), inFile);
  assert.equal(await load([], { RABBITMQ_HOST: "env" }), inFile.replace("@file", "@env"));
  assert.equal(await load([], { RANGER_AMQP_URL: "amqp://u:p@env2" }), "amqp://u:p@env2");
  assert.equal(
    await load([], { RANGER_AMQP_URL: "amqps://u:p@env2", RABBITMQ_PASSWORD: "50%" }),
    "amqps://u:50%25@env2:5671/",
  );
  assert.equal(
    await load(["--amqp-url", "amqp://u:p@flag"], { RABBITMQ_HOST: "env" }),
    "amqp://u:p@flag",
  );
  assert.equal(
    await load(["--amqp-url", "amqp://u:p@flag", "--amqp-host", "::1"], {}),
    "amqp://u:p@[::1]:5672/",
  );
});

Deno.test("the entries tell where each piece of the broker's address came from", async () => {
  const { entries } = await loadSettings([], { RABBITMQ_HOST: "mq" }, NOWHERE);
  const sources = Object.fromEntries(entries.map(({ key, source }) => [key, source]));
  assert.equal(sources["amqp.url"], "default, with environment RABBITMQ_HOST");
  assert.equal(sources["amqp.host"], "environment RABBITMQ_HOST");
  const given = await entryOf("amqp.host", ["--amqp-url", "amqp://x"], { RABBITMQ_HOST: "mq" });
  assert.deepEqual(given, { key: "amqp.host", shown: "x", source: "amqp.url, flag --amqp-url" });

  await using folder = await temporaryFolder();
  const file = await folder.write(
    "ranger.toml",
    '[amqp]\nhost = "mq"\nport = 5673\nuser = "ann"\n',
  );
  const loaded = await loadSettings([], {}, { ...NOWHERE, defaultFile: file });
  assert.equal(
    loaded.entries.find(({ key }) => key === "amqp.url")?.source,
    `default, with file ${file}`,
    "once, however many pieces are its",
  );
});

Deno.test("several brokers take the place of one, unless that one is named by a stronger source", async () => {
  await using folder = await temporaryFolder();
  const file = await folder.write(
    "ranger.toml",
    '[amqp]\nurl = "amqp://ann:pw@one/"\nurls = ["amqp://ann:pw@mq1/", "amqp://ann:pw@mq2/live"]\n',
  );
  const load = async (args: string[], environment: Record<string, string>) =>
    await loadSettings(args, environment, { ...NOWHERE, defaultFile: file });
  const urls = async (args: string[], environment: Record<string, string> = {}) =>
    (await load(args, environment)).settings.amqp.urls;
  assert.deepEqual(await urls([]), ["amqp://ann:pw@mq1/", "amqp://ann:pw@mq2/live"]);
  assert.deepEqual(await urls(["--amqp-password", "n/w"]), [
    "amqp://ann:n%2Fw@mq1:5672/",
    "amqp://ann:n%2Fw@mq2:5672/live",
  ]);
  assert.deepEqual(await urls([], { RABBITMQ_HOST: "env" }), ["amqp://ann:pw@env:5672/"]);
  assert.deepEqual(await urls(["--amqp-url", "amqp://u:p@flag"]), ["amqp://u:p@flag"]);
  assert.deepEqual(await urls(["--amqp-urls", "amqp://u:p@a,amqp://u:p@b", "--amqp-host=c"]), [
    "amqp://u:p@a",
    "amqp://u:p@b",
  ]);

  const { entries } = await load([], { RABBITMQ_PASSWORD: "new" });
  const entry = (key: string) => entries.find((one) => one.key === key);
  assert.deepEqual(entry("amqp.urls"), {
    key: "amqp.urls",
    shown: "amqp://ann:***@mq1:5672/, amqp://ann:***@mq2:5672/live",
    source: `file ${file}, with environment RABBITMQ_PASSWORD`,
  });
  assert.deepEqual(entry("amqp.host"), {
    key: "amqp.host",
    shown: "(in amqp.urls)",
    source: `amqp.urls, file ${file}`,
  });
  assert.equal(entry("amqp.password")?.source, "environment RABBITMQ_PASSWORD");
});

Deno.test("an AMQP URL taken apart and written again is the same address", () => {
  for (const password of ["p", "a/b?c#d@e:f%g", "ü 🙂", "%25"]) {
    const address = {
      scheme: "amqps",
      user: "us:er@x",
      password,
      host: "mq.example",
      port: 5671,
      vhost: "live/one",
      query: "",
    } as const;
    assert.deepEqual(parseAmqpUrl(formatAmqpUrl(address)), address);
  }
});
