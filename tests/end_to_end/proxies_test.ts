/** The proxies' configurations in examples/proxies, with the real nginx, HAProxy and Caddy. */
import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { bounded, until } from "../../testing/bounded.ts";
import { findExecutable } from "../../testing/executables.ts";
import { freePort } from "../../testing/ports.ts";
import { endProcess } from "../../testing/processes.ts";
import { randomExchange } from "../../testing/amqp.ts";
import { type RangerProcess, startRanger } from "../../testing/ranger.ts";
import { Opcode, RawClient } from "../../testing/raw_client.ts";
import { ROOT } from "../../testing/program.ts";
import { sharedBroker } from "../../testing/rabbitmq.ts";
import { freshWord, startExchange } from "../support/exchange.ts";
import { temporaryFolder } from "../support/run_ranger.ts";

const broker = await sharedBroker();

/** Where a proxy of a test listens and leads to. */
interface Ports {
  readonly proxy: number;
  readonly ranger: number;
  readonly management: number;
}

interface Proxy {
  readonly name: string;
  /** In examples/proxies. */
  readonly file: string;
  readonly executable: string;
  /** The example for a test's ports and folder; everything else stays as it is shipped. */
  adapt(text: string, ports: Ports, folder: string): string;
  args(file: string, folder: string): string[];
}

/** Replaces what an operator replaces, and fails where the example no longer has it. */
function replaced(text: string, changes: Readonly<Record<string, string>>): string {
  let result = text;
  for (const [from, to] of Object.entries(changes)) {
    assert.ok(result.includes(from), `the example has no ${from}`);
    result = result.replaceAll(from, to);
  }
  return result;
}

const PROXIES: readonly Proxy[] = [
  {
    name: "nginx",
    file: "nginx.conf",
    executable: "nginx",
    adapt(text, { proxy, ranger }, folder) {
      const server = replaced(text, {
        "listen 443 ssl": `listen 127.0.0.1:${proxy} ssl`,
        "127.0.0.1:8080": `127.0.0.1:${ranger}`,
        "/etc/ssl/ranger": folder,
      });
      const paths = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
        .map((kind) => `${kind}_temp_path ${folder}/${kind};`).join("\n");
      return nginxMain(folder, `http {\naccess_log off;\n${paths}\n${server}\n}`);
    },
    args: (file, folder) => ["-c", file, "-p", folder],
  },
  {
    name: "HAProxy",
    file: "haproxy.cfg",
    executable: "haproxy",
    adapt: (text, { proxy, ranger, management }, folder) =>
      replaced(text, {
        "bind :443": `bind 127.0.0.1:${proxy}`,
        "127.0.0.1:8080": `127.0.0.1:${ranger}`,
        "port 8082": `port ${management}`,
        "/etc/ssl/ranger": folder,
      }),
    args: (file) => ["-db", "-f", file],
  },
  {
    name: "Caddy",
    file: "Caddyfile",
    executable: "caddy",
    adapt: (text, { proxy, ranger }, folder) =>
      "{\n\tadmin off\n\tauto_https disable_redirects\n}\n" +
      replaced(text, {
        "ws.example.com {":
          `https://127.0.0.1:${proxy} {\n\ttls ${folder}/fullchain.pem ${folder}/key.pem`,
        "127.0.0.1:8080": `127.0.0.1:${ranger}`,
      }),
    args: (file) => ["run", "--config", file, "--adapter", "caddyfile"],
  },
];

/** The main configuration of nginx around an example's. */
function nginxMain(folder: string, rest: string, modules = ""): string {
  return `${modules}daemon off; error_log stderr; pid ${folder}/nginx.pid; events {}\n${rest}\n`;
}

const NGINX_STREAM = ["/usr/lib/nginx/modules/ngx_stream_module.so"].find((path) =>
  existsSync(path)
);

/** Proxies that forward TCP, and say where a client comes from in a PROXY protocol header. */
const TCP_PROXIES: readonly Proxy[] = [
  ...["send-proxy-v2", "send-proxy"].map((version): Proxy => ({
    name: `HAProxy with ${version}`,
    file: "haproxy-tcp.cfg",
    executable: "haproxy",
    adapt: (text, { proxy, ranger, management }, folder) =>
      replaced(text, {
        "bind :443": `bind 127.0.0.1:${proxy}`,
        "127.0.0.1:8080": `127.0.0.1:${ranger}`,
        "port 8082": `port ${management}`,
        "/etc/ssl/ranger": folder,
        " send-proxy-v2 ": ` ${version} `,
      }),
    args: (file) => ["-db", "-f", file],
  })),
  ...(NGINX_STREAM === undefined ? [] : [
    {
      name: "nginx with proxy_protocol",
      file: "nginx-stream.conf",
      executable: "nginx",
      adapt: (text, { proxy, ranger }, folder) =>
        nginxMain(
          folder,
          replaced(text, {
            "listen 443 ssl": `listen 127.0.0.1:${proxy} ssl`,
            "127.0.0.1:8080": `127.0.0.1:${ranger}`,
            "/etc/ssl/ranger": folder,
          }),
          `load_module ${NGINX_STREAM};\n`,
        ),
      args: (file, folder) => ["-c", file, "-p", folder],
    } satisfies Proxy,
  ]),
];

/** A certificate for 127.0.0.1, in the forms that the examples name. */
async function makeCertificate(folder: string): Promise<void> {
  const { success, stderr } = await new Deno.Command("openssl", {
    args: [
      ...["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"],
      ...["-days", "2", "-subj", "/CN=ws.example.com", "-addext", "subjectAltName=IP:127.0.0.1"],
      // As its own authority it would not be taken for a server's certificate.
      ...["-addext", "basicConstraints=critical,CA:FALSE"],
      ...["-keyout", `${folder}/key.pem`, "-out", `${folder}/fullchain.pem`],
    ],
  }).output();
  assert.ok(success, new TextDecoder().decode(stderr));
  const both = await Deno.readTextFile(`${folder}/fullchain.pem`) +
    await Deno.readTextFile(`${folder}/key.pem`);
  await Deno.writeTextFile(`${folder}/haproxy.pem`, both);
}

/** Runs a proxy with its example in front of a Ranger, until the block ends. */
async function startProxy(proxy: Proxy, executable: string, ranger: RangerProcess) {
  await using starting = new AsyncDisposableStack();
  const temporary = starting.use(await temporaryFolder());
  const folder = temporary.path;
  await makeCertificate(folder);
  // The program's user may be another one than the test's.
  await Deno.chmod(folder, 0o755);
  const port = freePort();
  const example = await Deno.readTextFile(`${ROOT}examples/proxies/${proxy.file}`);
  const ports = { proxy: port, ranger: ranger.port, management: ranger.managementPort };
  const file = `${folder}/${proxy.file}`;
  await Deno.writeTextFile(file, proxy.adapt(example, ports, folder));
  const process = new Deno.Command(executable, {
    args: proxy.args(file, folder),
    env: { HOME: folder, XDG_DATA_HOME: folder, XDG_CONFIG_HOME: folder },
    stdin: "null",
    stdout: "null",
    stderr: "piped",
  }).spawn();
  const said = new Response(process.stderr).text();
  starting.defer(async () => {
    await endProcess(process, "SIGTERM");
    // Only its errors: what it logs of each connection is of no use here.
    const errors = (await said).split("\n").filter((line) =>
      /emerg|ALERT|"level":"error"/.test(line)
    );
    if (errors.length > 0) console.error(errors.join("\n"));
  });
  const base = `wss://127.0.0.1:${port}`;
  const caCerts = [await Deno.readTextFile(`${folder}/fullchain.pem`)];
  /** The status that a handshake is answered with. */
  const statusOf = async (path: string, headers: Record<string, string>): Promise<number> => {
    const url = `${base}${path}`;
    using client = await RawClient.connectTo(url, { caCerts });
    return (await client.handshake(url, { headers })).status;
  };
  // The proxy is up, and has found Ranger ready.
  const evil = { Origin: "https://evil.example" };
  await until(
    async () => await statusOf("/", evil).catch(() => 0) === 403 || undefined,
    `${proxy.name} to answer`,
    20_000,
  );
  const running = starting.move();
  return { base, caCerts, statusOf, [Symbol.asyncDispose]: () => running.disposeAsync() };
}

/** The proxies that are installed; of each other one, a line says that it is not tried. */
function installed(proxies: readonly Proxy[]): [proxy: Proxy, executable: string][] {
  return proxies.flatMap((proxy): [Proxy, string][] => {
    const folders = ["/usr/sbin", "/usr/bin", "/usr/local/bin"];
    const executable = findExecutable(proxy.executable, folders);
    if (executable !== undefined) return [[proxy, executable]];
    console.error(`${proxy.name} is not installed: its example configuration is not tried`);
    return [];
  });
}

for (const [proxy, executable] of installed(PROXIES)) {
  Deno.test(`${proxy.name}'s example leads clients to Ranger, and says where they come from`, async () => {
    const args = [
      "--trusted-proxies=127.0.0.1",
      "--origins=trade.example.com",
      "--limits-connections-per-address=3",
    ];
    await using exchange = await startExchange(broker, { args });
    await using running = await startProxy(proxy, executable, exchange.ranger);
    const { base, caCerts, statusOf } = running;
    const name = `${freshWord()}.any`;
    const headers = { Origin: "https://trade.example.com" };
    const url = `${base}/public/?stream=${name}`;
    using client = await RawClient.open(url, { caCerts, headers });
    const text = async () => new TextDecoder().decode((await client.frame()).payload);
    assert.equal(await text(), `{"success":{"message":"subscribed","streams":["${name}"]}}`);
    await exchange.publish(`public.${name}`, { n: 1 });
    assert.equal(await text(), `{"${name}":{"n":1}}`);

    // A token in a header arrives, and a wrong one is refused with Ranger's own status.
    assert.equal(await statusOf("/private", {}), 401);
    const authorization = { Authorization: `Bearer ${await exchange.key.token({ uid: "U1" })}` };
    using user = await RawClient.open(`${base}/private`, { caCerts, headers: authorization });

    // What a client says of itself does not count: with the exchange's observer, these are three
    // of one address, which is the limit.
    const forged = {
      "X-Forwarded-For": "203.0.113.3",
      Forwarded: "for=203.0.113.4",
      "X-Forwarded-Host": "evil.example",
    };
    assert.equal(await statusOf("/public", forged), 429);
    user.close();

    // Each server-sent event arrives as it is published: nothing on the way gathers them.
    const http = Deno.createHttpClient({ caCerts });
    const response = await fetch(url.replace("wss:", "https:"), {
      client: http,
      headers: { ...headers, Accept: "text/event-stream" },
    });
    assert.equal(response.status, 200);
    const events = response.body!.pipeThrough(new TextDecoderStream()).getReader();
    let came = "";
    const comes = async (text: string) => {
      while (!came.includes(text)) {
        const { value } = await bounded(events.read(), () => `${text} after ${came}`);
        assert.ok(value !== undefined, `the response ended after ${came}`);
        came += value;
      }
    };
    await comes('"subscribed"');
    for (const n of [2, 3]) {
      await exchange.publish(`public.${name}`, { n });
      await comes(`data: {"${name}":{"n":${n}}}\n\n`);
    }
    await events.cancel();
    http.close();
  });
}

if (NGINX_STREAM === undefined) {
  console.error("nginx's stream module is not installed: its example configuration is not tried");
}

for (const [proxy, executable] of installed(TCP_PROXIES)) {
  Deno.test(`${proxy.name}, as in its example, says where a client comes from`, async () => {
    const args = [
      "--trusted-proxies=127.0.0.1",
      "--proxy-protocol",
      "--origins=trade.example.com",
      "--log-level=debug",
    ];
    // Without the exchange's observer, which would have to send a header as well.
    await using ranger = await startRanger({
      args: [...args, "--no-auth", "--amqp-url", broker.url, "--exchange", randomExchange()],
    });
    await ranger.consuming();
    await using running = await startProxy(proxy, executable, ranger);
    const { base, caCerts, statusOf } = running;
    const url = `${base}/public/?stream=a.b`;
    // The client's address is what the proxy saw, 127.0.0.2, and not the proxy's own.
    const headers = { Origin: "https://trade.example.com", "X-Forwarded-For": "203.0.113.3" };
    const { stdout, stderr } = await new Deno.Command("curl", {
      args: [
        ...["--interface", "127.0.0.2", "--insecure", "--silent", "--include", "--max-time", "1"],
        ...["--http1.1", "--header", "Connection: Upgrade", "--header", "Upgrade: websocket"],
        ...["--header", "Sec-WebSocket-Version: 13"],
        ...["--header", "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA=="],
        ...Object.entries(headers).flatMap(([name, value]) => ["--header", `${name}: ${value}`]),
        url.replace("wss:", "https:"),
      ],
    }).output();
    const answer = new TextDecoder().decode(stdout);
    assert.match(answer, /^HTTP\/1\.1 101 /, new TextDecoder().decode(stderr));
    assert.match(answer, /"subscribed","streams":\["a\.b"\]/);
    await ranger.log(
      ({ message, address }) => message.endsWith("1 streams") && address === "127.0.0.2",
      "a connection from 127.0.0.2",
    );
    using client = await RawClient.open(url, { caCerts });
    await client.send({ opcode: Opcode.text, payload: "ping" });
    assert.match(new TextDecoder().decode((await client.frame()).payload), /subscribed/);
    assert.equal(new TextDecoder().decode((await client.frame()).payload), "pong");
    // A client of the proxy cannot write the header: what it sends comes behind the proxy's.
    const forged = "PROXY TCP4 203.0.113.9 10.0.0.1 4711 80\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n";
    using forger = await RawClient.connectTo(url, { caCerts });
    await forger.write(forged);
    assert.equal((await forger.response()).status, 400);
    assert.equal(await statusOf("/private", {}), 401);
  });
}
