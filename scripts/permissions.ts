import { NOTIFY_SOCKETS } from "../src/daemon/write_permission.ts";

/**
 * What the built program may do: listen and connect, read keys and configuration, write the keys
 * that `ranger keygen` makes, read its environment, and know its host's name for the queue's name.
 * Writing is named by path, so that the server can give up all of it but the service manager's socket.
 * No other program, no native library, no code from elsewhere, and no question at a terminal.
 */
export const PERMISSIONS: readonly string[] = [
  "--no-prompt",
  "--allow-net",
  "--allow-read",
  `--allow-write=/,${NOTIFY_SOCKETS.join(",")}`,
  "--allow-env",
  "--allow-sys=hostname",
  "--deny-run",
  "--deny-ffi",
  "--deny-import",
];
