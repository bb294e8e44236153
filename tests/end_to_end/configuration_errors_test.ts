import assert from "node:assert/strict";
import { parseFile } from "../../src/config/file.ts";
import { loadSettings } from "../../src/config/load.ts";
import { nearest } from "../../src/config/nearest.ts";
import { entryOf, NOWHERE, refusal } from "../support/loading.ts";
import { runRanger, temporaryFolder } from "../support/run_ranger.ts";

Deno.test("an AMQP URL that cannot be right is refused, and never quoted", async () => {
  const wrong = {
    "http://u:hunter2@mq": "begins with http://",
    "mq:hunter2": "is not a URL",
    "amqp://u:hunter2@": "cannot be read",
    "amqp://u:hunter2/x@mq": "percent-encoded",
    "amqp://u:hunter2?x@mq": "percent-encoded",
    "amqp://u:123#hunter2@mq": "percent-encoded",
    "amqp://u:hunter2@x@mq": "%40",
    "amqp://u:hunter2%@mq": "%25",
    "amqp://u:hunter2@mq:port": "a bad port",
  };
  for (const [url, what] of Object.entries(wrong)) {
    const message = await refusal(["--amqp-url", url]);
    assert.match(message, /^amqp\.url, from flag --amqp-url: /);
    assert.ok(message.includes(what), `${url}: ${message}`);
    assert.ok(message.includes("expected amqp://user:password@host:5672/vhost"));
    assert.ok(!message.includes("hunter2"), message);
  }
});

Deno.test("one wrong URL among several is refused, and never quoted", async () => {
  const message = await refusal(["--amqp-urls", "amqp://u:hunter2@mq1,http://u:hunter2@mq2"]);
  assert.match(message, /^amqp\.urls, from flag --amqp-urls: an entry \(not shown\) begins with/);
  assert.ok(!message.includes("hunter2"), message);
});

Deno.test("prefixes that cannot be prefixes are refused", async () => {
  assert.match(
    await refusal([], { RANGO_RBAC_PUBLIC: "admin" }),
    /^rbac\.public, from environment RANGO_RBAC_PUBLIC: public streams are not given by role/,
  );
  assert.match(await refusal(["--rbac", "private=x"]), /^rbac\.private, from flag --rbac: /);
  assert.match(await refusal(["--rbac", "a.b=x"]), /the prefix is not one word without dots/);
  assert.match(await refusal(["--rbac", "admin"]), /--rbac admin=ROLE,ROLE/);
  assert.match(await refusal(["--rbac", "a=x", "--rbac", "a=y"]), /names a more than once/);
});

Deno.test("invalid values are refused with what is expected", async () => {
  const wrong: readonly (readonly [string[], string])[] = [
    [
      ["--port", "http"],
      'server.port, from flag --port: "http" is not a whole number; expected a port number such as 8080, or 0 for any free port',
    ],
    [["--port=-1"], "server.port, from flag --port: -1 is below 0; expected"],
    [["--port", "65536"], "65536 is above 65535"],
    [["--port", "80.5"], '"80.5" is not a whole number'],
    [["--host", "http://x"], '"http://x" is not a host name or address alone'],
    [["--host="], '"" is not a host name or address alone'],
    [
      ["--origins", "https://a.example/path"],
      'has an entry that is not an origin: "https://a.example/path"; expected origins such as',
    ],
    ...["10.0.0.0/33", "::/129", "10.0.0/8", "proxy.example", "10.0.0.1/", "1.2.3.4:80", "/8"].map((
      entry,
    ): [string[], string] => [
      ["--trusted-proxies", `127.0.0.1,${entry}`],
      `has an entry that is neither an address nor a network: "${entry}"; expected addresses or ` +
      "networks such as 10.0.0.0/8, 192.168.1.5 or fd00::/8",
    ]),
    [
      ["--limits-idle-timeout=30"],
      "limits.idle_timeout is 30 and limits.ping_interval is 30, so clients would be cut before " +
      "they are sent a ping; expected an idle timeout of about 75",
    ],
    [
      ["--streams-event-bytes=2000000"],
      "streams.event_bytes is 2000000 and limits.unsent_bytes is 1048576, so one event would " +
      "make slow consumers of clients that read; expected unsent bytes of about 4000000",
    ],
    [
      ["--limits-unsent-bytes=524288"],
      "streams.event_bytes is 524288 and limits.unsent_bytes is 524288, so one",
    ],
    [["--limits-ping-interval=0"], "0 is below 1"],
    [["--jwt-algorithm", "none"], '"none" is not one of RS256, '],
    [["--jwt-algorithm", "HS256"], '"HS256" is not one of RS256, '],
    [["--envelope", "xml"], '"xml" is not one of object, tuple'],
    [["--log-level", "loud"], "is not one of debug, info, warning, error, fatal"],
    [["--exchange", "two words"], '"two words" is not an exchange name'],
    [
      ["--amqp-password="],
      "amqp.password, from flag --amqp-password: the value (not shown) is empty",
    ],
  ];
  for (const [args, message] of wrong) {
    const found = await refusal(args);
    assert.ok(found.includes(message), found);
  }
});

Deno.test("values of the wrong type in the file are refused", async () => {
  await using folder = await temporaryFolder();
  const wrong: readonly (readonly [string, string])[] = [
    ['[server]\nport = "8080"', 'server.port, from file FILE: "8080" is not a whole number'],
    [
      '[server]\norigins = "a.example"',
      'server.origins, from file FILE: "a.example" is not a list of texts',
    ],
    ["[server]\nhost = 5", "server.host, from file FILE: 5 is not text"],
    ["[auth]\nenabled = 1", "auth.enabled, from file FILE: 1 is neither true nor false"],
    [
      "[amqp]\npassword = 12345678",
      "amqp.password, from file FILE: the value (not shown) is not text",
    ],
    ["[amqp]\nurl = 12345678", "amqp.url, from file FILE: the value (not shown) is not text"],
    ['[rbac]\nadmin = "root"', "rbac.admin, from file FILE: is not a list of roles"],
    ["[limits.streams]\nx = 1", "limits.streams, from file FILE: a table is not a whole number"],
  ];
  for (const [toml, message] of wrong) {
    const file = await folder.write("ranger.toml", toml);
    const found = await refusal([], {}, { ...NOWHERE, defaultFile: file });
    assert.ok(found.includes(message.replace("FILE", file)), found);
    assert.ok(!found.includes("12345678"), found);
  }
});

Deno.test("unknown names are refused with the nearest known one", async () => {
  const unknown: readonly (readonly [string, string])[] = [
    ["[server]\nprot = 1", "unknown key server.prot; did you mean server.port?"],
    [
      "[amqp]\nqueue-length = 1",
      "unknown key amqp.queue-length; did you mean amqp.queue_length?",
    ],
    ["[auth]\npublicKey = ''", "unknown key auth.publicKey; did you mean auth.public_key?"],
    ["[server]\nexchange = ''", "unknown key server.exchange; did you mean amqp.exchange?"],
    [
      "[limits]\nzzzzzzzz = 1",
      "[limits] has message_bytes, message_rate, message_burst, message_timeout, streams, ",
    ],
    ["[sever]\nport = 1", "unknown section [sever]; did you mean [server]?"],
    ["[wombat]\nport = 1", "unknown section [wombat]; the sections are server, management, "],
    ["prot = 1", "unknown key prot outside a section; did you mean port in [server]?"],
    ["server = 1", "server is a section; expected [server] with its keys below"],
  ];
  for (const [toml, message] of unknown) {
    const parsed = parseFile(toml, "x.toml");
    const problems = [...parsed.problems, ...parsed.unknown];
    assert.deepEqual(problems.length, 1, toml);
    assert.ok(problems[0]?.startsWith("file x.toml: "), problems[0]);
    assert.ok(problems[0]?.includes(message), problems[0]);
  }
  assert.equal(
    await refusal(["--mangement-port", "1"]),
    "unknown flag --mangement-port; did you mean --management-port?",
  );
  assert.equal(
    await refusal(["--server-port=1"]),
    "unknown flag --server-port; did you mean --port?",
  );
  assert.match(
    await refusal(["--zzzzzzzz"]),
    /unknown flag --zzzzzzzz; --help lists the flags/,
  );
  assert.match(await refusal(["-p", "1"]), /unknown flag -p/);
  const key = "-----BEGIN PRIVATE KEY-----\nMC4CAQAwBQYDK2VwBCIEIA";
  assert.doesNotMatch(await refusal(["--jwt-pubic-key", key]), /MC4C/);
});

Deno.test("flags of Rango and of the Ruby Ranger are refused with what to use instead", async (t) => {
  const rows: [args: string[], expected: string][] = [
    [["-exchange", "x.events"], "unknown flag -exchange; use --exchange NAME"],
    [["-exchange=x.events"], "unknown flag -exchange; use --exchange NAME"],
    [["-pubKey", "a.pub"], "unknown flag -pubKey; use --jwt-public-key FILE"],
    [["-pubKey=a.pub"], "unknown flag -pubKey; use --jwt-public-key FILE"],
    [["--pubKey", "a.pub"], "unknown flag --pubKey; use --jwt-public-key FILE"],
    [
      ["-amqp-addr", "amqp://u:hunter2@mq"],
      "unknown flag -amqp-addr; use --amqp-url URL",
    ],
    [
      ["-amqp-addr=amqp://u:hunter2@mq"],
      "unknown flag -amqp-addr; use --amqp-url URL",
    ],
    [["--amqp-addr=x"], "unknown flag --amqp-addr; use --amqp-url URL"],
    [["-ws-addr", ":80"], "unknown flag -ws-addr; use --host HOST and --port PORT"],
    [["-ws-addr=:80"], "unknown flag -ws-addr; use --host HOST and --port PORT"],
    [["--ws-addr=:80"], "unknown flag --ws-addr; use --host HOST and --port PORT"],
    [["-addr", ":80"], "unknown flag -addr; use --host HOST and --port PORT"],
    [["-e", "x.events"], "unknown flag -e; use --exchange NAME"],
    [["-e=x.events"], "unknown flag -e; use --exchange NAME"],
    [["--stats-period", "5"], "unknown flag --stats-period; /stats of the management listener"],
    [["--stats"], "unknown flag --stats; /stats of the management listener"],
    [["--no-stats"], "unknown flag --no-stats; Ranger writes no statistics into its log"],
    [["-port", "80"], "unknown flag -port; use --port"],
    [["-no-auth"], "unknown flag -no-auth; use --no-auth"],
    [["-prot", "80"], "unknown flag -prot; did you mean --port?"],
    [["-zzzzzzzz"], "unknown flag -zzzzzzzz; --help lists the flags"],
    [["--port", "80", "-exchange", "x"], "unknown flag -exchange; use --exchange"],
    [["-ws-addr=x", "-pubKey=y"], "--host HOST and --port PORT"],
    [["-ws-addr=x", "-pubKey=y"], "unknown flag -pubKey; use --jwt-public-key FILE"],
  ];
  for (const [args, expected] of rows) {
    await t.step(args.join(" "), async () => {
      const message = await refusal(args);
      assert.ok(message.includes(expected), message);
      for (const value of ["hunter2", "x.events", "a.pub"]) assert.ok(!message.includes(value));
    });
  }
  await t.step("a value, and what follows --, is not a flag", async () => {
    assert.match(await refusal(["--amqp-password", "-hunter2"]), /^--amqp-password needs a value/);
    assert.match(await refusal(["--", "-exchange"]), /an argument that is not a flag/);
    const { settings } = await loadSettings(["--amqp-password=-exchange"], {}, NOWHERE);
    assert.match(settings.amqp.urls[0]!, /:-exchange@/);
  });
});

Deno.test("the program refuses Rango's flags with exit code 78, and never shows the help", async (t) => {
  for (
    const [args, expected] of [
      [["-exchange", "x"], "--exchange NAME"],
      [["-exchange=x", "-pubKey", "config/ed25519-key.pub"], "--jwt-public-key FILE"],
      [["serve", "-pubKey", "x"], "--jwt-public-key FILE"],
      [["check", "-ws-addr", ":8080"], "--host HOST and --port PORT"],
      [["-amqp-addr", "amqp://u:hunter2@mq"], "--amqp-url URL"],
      [["-e", "x"], "--exchange NAME"],
      [["token", "-exchange", "x"], "unknown flag -exchange; --help lists the flags"],
    ] as const
  ) {
    await t.step(args.join(" "), async () => {
      const { code, stdout, stderr } = await runRanger([...args]);
      assert.deepEqual([code, stdout], [78, ""], stderr);
      assert.ok(stderr.includes(expected), stderr);
      assert.ok(!stderr.includes("hunter2"), stderr);
    });
  }
  await t.step("-help shows the help", async () => {
    const { code, stdout } = await runRanger(["-help"]);
    assert.equal(code, 0);
    assert.match(stdout, /^Ranger delivers/);
  });
});

Deno.test("flags without value, given twice, or beside loose arguments are refused", async () => {
  assert.match(await refusal(["--port"]), /^--port needs a value; expected --port=VALUE/);
  assert.match(await refusal(["--amqp-password", "--port=1"]), /^--amqp-password needs a value/);
  assert.match(await refusal(["--port", "1", "--port", "2"]), /^--port is given more than once/);
  assert.match(await refusal(["8080"]), /an argument that is not a flag/);
});

Deno.test("a private key given by mistake is not shown", async () => {
  const pem = "-----BEGIN PRIVATE KEY-----\nMC4CAQAwBQYDK2VwBCIEIA\n-----END PRIVATE KEY-----\n";
  for (const given of [pem, btoa(pem), "MC4CAQAwBQYDK2VwBCIEIA"]) {
    const { shown } = await entryOf("auth.public_key", [], { JWT_PUBLIC_KEY: given });
    assert.match(shown, /hidden/);
    assert.ok(!shown.includes("MC4C") && !shown.includes("sha256"), shown);
  }
});

Deno.test("all that is wrong is said at once", async () => {
  const message = await refusal(["--port", "x", "--log-level", "y"], { RANGO_RBAC_PUBLIC: "z" });
  assert.match(
    message,
    /^3 things are wrong:\n {2}- server\.port.*\n {2}- log\.level.*\n {2}- rbac/,
  );
});

Deno.test("a missing key says how to make one, and what runs without", async () => {
  const message = await refusal([], {}, { ...NOWHERE, requireKey: true });
  for (const part of ["auth.public_key", "JWT_PUBLIC_KEY", "`ranger keygen`", "--no-auth"]) {
    assert.ok(message.includes(part), message);
  }
  await loadSettings(["--no-auth"], {}, { ...NOWHERE, requireKey: true });
});

Deno.test("both listeners on one port are refused", async () => {
  assert.match(
    await refusal(["--port", "8082"]),
    /server\.port and management\.port are both 8082/,
  );
  await loadSettings(["--port", "8082", "--host", "10.0.0.1"], {}, NOWHERE);
  await loadSettings(["--port", "0", "--management-port", "0"], {}, NOWHERE);
});

Deno.test("the management port of one process of several is its own, and a port", async () => {
  const { settings } = await loadSettings(["--management-port-offset", "12"], {}, NOWHERE);
  assert.equal(settings.management.port, 8094);
  const any = await loadSettings(
    ["--management-port", "0", "--management-port-offset", "3"],
    {},
    NOWHERE,
  );
  assert.equal(any.settings.management.port, 0);
  assert.match(
    await refusal(["--port", "8083", "--management-port-offset", "1"]),
    /server\.port and management\.port with its offset are both 8083/,
  );
  assert.match(
    await refusal(["--management-port", "65000", "--management-port-offset", "600"]),
    /make 65600 together; expected 65535 at most/,
  );
});

Deno.test("what Kubernetes puts into RANGER_PORT is explained", async () => {
  const message = await refusal([], { RANGER_PORT: "tcp://10.0.0.7:8080" });
  assert.match(message, /Kubernetes.*enableServiceLinks: false, or set RANGER_SERVER_PORT/);
});

Deno.test("a file that is named but cannot be read is an error, the default one may be missing", async () => {
  await using folder = await temporaryFolder();
  const missing = `${folder.path}/none.toml`;
  assert.match(
    await refusal(["--config", missing]),
    /none\.toml, named by flag --config, does not exist; expected the path/,
  );
  assert.match(await refusal([], { RANGER_CONFIG: missing }), /named by environment RANGER_CONFIG/);
  assert.match(await refusal(["--config", folder.path]), /cannot be read: /);
  const { file } = await loadSettings([], {}, { ...NOWHERE, defaultFile: missing });
  assert.equal(file, undefined);
});

Deno.test("a file that is not TOML is refused with its line, and none of it is quoted", async () => {
  await using folder = await temporaryFolder();
  const file = await folder.write("ranger.toml", "[amqp]\npassword = hunter2\n");
  const message = await refusal(["--config", file]);
  assert.match(message, /ranger\.toml is not TOML: line 2, column \d+: invalid value; expected/);
  assert.ok(!message.includes("hunter2"), message);
  const twice = await folder.write("twice.toml", "[server]\nport = 1\nport = 2\n");
  assert.match(await refusal(["--config", twice]), /line 3, .*redefine/);
});

Deno.test("the nearest name is the one with the fewest slips, or none at all", () => {
  assert.equal(nearest("prot", ["host", "port"]), "port");
  assert.equal(nearest("LOG-LEVEL", ["log-level", "log-format"]), "log-level");
  assert.equal(nearest("xyz", ["abc", "port"]), undefined);
  assert.equal(nearest("", ["a", "no"]), undefined);
});

Deno.test("the program itself refuses what is wrong, with exit code 78 and one message", async () => {
  await using folder = await temporaryFolder();
  const file = await folder.write("ranger.toml", "[server]\nprot = 1\n");
  const empty = await folder.write("empty.toml", "");
  const wrong: readonly (readonly [string[], Record<string, string>, RegExp])[] = [
    [
      ["serve", "--prot", "1"],
      {},
      /^ranger: serve: unknown flag --prot; did you mean --port\?\n/,
    ],
    [["--port", "x", "--no-auth"], {}, /^ranger: server\.port, from flag --port: "x" is not/],
    [["--no-auth"], { RANGER_PORT: "x" }, /^ranger: server\.port, from environment RANGER_PORT: /],
    [["--config", file], {}, /^ranger: file .*: unknown key server\.prot; did you mean/],
    [["serve", "--config", empty], {}, /^ranger: auth\.public_key .* `ranger keygen` makes/],
  ];
  for (const [args, environment, message] of wrong) {
    const outcome = await runRanger(args, { RANGER_CONFIG: empty, ...environment });
    assert.match(outcome.stderr, message);
    assert.equal(outcome.code, 78, outcome.output);
    assert.equal(outcome.stdout, "");
  }
});
