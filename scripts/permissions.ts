/**
 * What the built program may do: listen and connect, read keys and configuration, write the keys
 * that `ranger keygen` makes, read its environment, and know its host's name for the queue's name.
 * No other program, no native library, and no question at a terminal.
 */
export const PERMISSIONS: readonly string[] = [
  "--no-prompt",
  "--allow-net",
  "--allow-read",
  "--allow-write",
  "--allow-env",
  "--allow-sys=hostname",
  "--deny-run",
  "--deny-ffi",
];
