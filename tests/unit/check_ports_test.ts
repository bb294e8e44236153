import assert from "node:assert/strict";
import { Server } from "node:net";
import { explainListenError } from "../../src/cli/check/ports.ts";
import { Listener } from "../../src/http/listener.ts";

/** What works for a service: all three settings, and where the drop-in is. */
const REMEDY =
  /AmbientCapabilities=CAP_NET_BIND_SERVICE, CapabilityBoundingSet=CAP_NET_BIND_SERVICE and PrivateUsers=no: share\/ranger\/systemd\/privileged-port\.conf\.example/;

Deno.test("a port that may not be listened on: check and serve name all that works", async () => {
  const { text, exitCode } = explainListenError(
    new Deno.errors.PermissionDenied(),
    "0.0.0.0:443",
    "--port",
  );
  assert.match(
    text,
    /^0\.0\.0\.0:443 may not be listened on by this user; choose a port from 1024/,
  );
  assert.match(text, REMEDY);
  assert.equal(exitCode, 69);

  // The kernel's answer to a user without the privilege, which root would not get.
  const listener = new Listener({ fetch: () => new Response() });
  const error = Object.assign(new Error("listen EACCES"), { code: "EACCES" });
  using _ = refusing(error);
  await assert.rejects(listener.listen({ host: "127.0.0.1", port: 443 }, "--port"), REMEDY);
});

/** Has node:net fail to listen. */
function refusing(error: Error): Disposable {
  const { listen } = Server.prototype;
  Server.prototype.listen = function (this: Server) {
    queueMicrotask(() => this.emit("error", error));
    return this;
  } as typeof listen;
  return {
    [Symbol.dispose]() {
      Server.prototype.listen = listen;
    },
  };
}
