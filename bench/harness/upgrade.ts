/** The bytes of a client's opening handshake (RFC 6455 §4.1), for clients that play themselves. */
export function upgradeRequest(port: number, path: string): Uint8Array<ArrayBuffer> {
  const key = crypto.getRandomValues(new Uint8Array(16)).toBase64();
  return new TextEncoder().encode(
    `GET ${path} HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\nConnection: Upgrade\r\n` +
      `Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: ${key}\r\n\r\n`,
  );
}
