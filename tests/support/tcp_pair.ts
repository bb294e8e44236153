import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Socket } from "node:net";

/** Both ends of a TCP connection over loopback; the server's stays open when the client's has ended. */
export interface TcpPair extends AsyncDisposable {
  readonly client: Socket;
  readonly server: Socket;
}

/** Connects; what is disposed of is closed when that has returned. */
export async function tcpPair(): Promise<TcpPair> {
  const listener = createServer({ allowHalfOpen: true });
  listener.listen(0, "127.0.0.1");
  await once(listener, "listening");
  const accepted = once(listener, "connection");
  const client = connect((listener.address() as AddressInfo).port, "127.0.0.1");
  const [server] = await accepted as [Socket];
  return {
    client,
    server,
    async [Symbol.asyncDispose]() {
      const closed = [client, server].filter((socket) => !socket.closed)
        .map((socket) => once(socket, "close"));
      client.destroy();
      server.destroy();
      await Promise.all(closed);
      listener.close();
      await once(listener, "close");
    },
  };
}
