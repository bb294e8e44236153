/**
 * The paths of notify sockets that are files: of systemd, and of Podman in containers. Sending a
 * datagram to such a socket needs the permission to write to that file.
 */
export const NOTIFY_SOCKETS: readonly string[] = [
  "/run/systemd/notify",
  "/run/notify/notify.sock",
];

/**
 * Revokes the permission to write files. If the notify socket is a file, the permissions that the
 * built program has for {@linkcode NOTIFY_SOCKETS} are kept.
 *
 * @param notifySocket the value of NOTIFY_SOCKET
 *
 * @example
 * ```ts
 * await revokeWriting(Deno.env.get("NOTIFY_SOCKET"));
 * ```
 */
export async function revokeWriting(notifySocket: string | undefined): Promise<void> {
  const isFile = notifySocket?.startsWith("/") ?? false;
  // The permission for / and those for the sockets are separate. A permission without paths (a
  // source tree started with -A) can only be revoked as a whole.
  await Deno.permissions.revoke(isFile ? { name: "write", path: "/" } : { name: "write" });
}
