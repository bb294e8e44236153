import assert from "node:assert/strict";
import { RUNTIME_ENVIRONMENT } from "../../scripts/runtime.ts";
import { ROOT, runProgram } from "../../testing/program.ts";

/**
 * Sends a byte to itself again and again while each turn of the event loop has another one due, and
 * prints how many turns pass until the byte has arrived, on average.
 */
const TURNS_UNTIL_A_BYTE = `
import { createServer, connect } from "node:net";
let turns = 0;
let over = false;
const turn = () => { turns++; if (!over) setImmediate(turn); };
const counts = [];
let sentAt = 0;
const server = createServer((socket) => {
  socket.on("data", () => {
    counts.push(turns - sentAt);
    if (counts.length < 100) return send();
    over = true;
    socket.destroy();
    client.destroy();
    server.close();
    console.log(counts.reduce((sum, count) => sum + count, 0) / counts.length);
  });
});
let client;
const send = () => { sentAt = turns; client.write("x"); };
server.listen(0, "127.0.0.1", () => {
  client = connect(server.address().port, "127.0.0.1", () => { turn(); send(); });
});
`;

async function turnsUntilAByte(env: Record<string, string>): Promise<number> {
  const module = `data:text/javascript,${encodeURIComponent(TURNS_UNTIL_A_BYTE)}`;
  const args = ["run", "--no-config", "--allow-net", module];
  const { code, stdout, stderr } = await runProgram([Deno.execPath()], args, { env });
  assert.equal(code, 0, stderr);
  return Number(stdout);
}

Deno.test("in production, a byte arrives after a few turns of a busy event loop", async () => {
  const byDefault = await turnsUntilAByte({ DENO_TOKIO_EVENT_INTERVAL: "61" });
  const inProduction = await turnsUntilAByte({ ...RUNTIME_ENVIRONMENT });
  assert.ok(inProduction <= 8, `${inProduction} turns`);
  assert.ok(byDefault >= 3 * inProduction, `${byDefault} turns by default, ${inProduction}`);
});

Deno.test("whatever starts the program in production says so to the runtime", async () => {
  const [[name, value] = ["", ""]] = Object.entries(RUNTIME_ENVIRONMENT);
  const read = (file: string) => Deno.readTextFile(`${ROOT}${file}`);
  assert.match(
    await read("systemd/ranger.service"),
    new RegExp(`^Environment=${name}=${value}$`, "m"),
  );
  assert.match(await read("Containerfile"), new RegExp(`^ENV ${name}=${value}$`, "m"));
});
