/**
 * Loaded before the program by tests (`deno run --preload`): makes faults in it where there should
 * be none, each kind once, when SIGUSR2 comes.
 */
import { connect, createServer } from "node:net";

Deno.addSignalListener("SIGUSR2", () => {
  Promise.reject(new Error("fault: a rejection that nobody handles"));
  Promise.reject("fault: a rejection that is not an error");
  setTimeout(() => {
    throw new Error("fault: thrown in a timer");
  });
  setImmediate(() => {
    throw new Error("fault: thrown between two turns");
  });
  queueMicrotask(() => {
    throw new Error("fault: thrown in a microtask");
  });
  const server = createServer((socket) => {
    socket.on("error", () => {});
    socket.on("data", () => {
      socket.destroy();
      server.close();
      throw new Error("fault: thrown in a socket's handler");
    });
  });
  server.listen(0, "127.0.0.1", () => {
    const address = server.address();
    if (typeof address !== "object" || address === null) return;
    const socket = connect(address.port, address.address, () => socket.write("x"));
    socket.on("error", () => {});
  });
});
