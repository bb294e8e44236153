/**
 * Where service managers have their notify socket as a file: systemd, and Podman for containers.
 * A datagram to a socket that is a file needs leave to write to that file.
 */
export const NOTIFY_SOCKETS: readonly string[] = [
  "/run/systemd/notify",
  "/run/notify/notify.sock",
];

/**
 * Gives up the permission to write files. What the built program was granted by name
 * ({@linkcode NOTIFY_SOCKETS}) it keeps where the service manager is told by it.
 *
 * @param notifySocket as NOTIFY_SOCKET has it
 *
 * @example
 * ```ts
 * await forgoWriting(Deno.env.get("NOTIFY_SOCKET"));
 * ```
 */
export async function forgoWriting(notifySocket: string | undefined): Promise<void> {
  const isFile = notifySocket?.startsWith("/") ?? false;
  // A grant of the root goes as one grant; those of the sockets are others. Granted without paths
  // (a source tree started with -A), it can only be given up as a whole.
  await Deno.permissions.revoke(isFile ? { name: "write", path: "/" } : { name: "write" });
}
