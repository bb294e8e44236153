/** How the runtime is to run Ranger in production: what is built, and what is measured. */

/**
 * V8's flags.
 *
 * The young generation at 4 MB a half: what lives longer than a message is a connection, so a
 * larger one (16 MB and growing, V8's own choice) only fills with garbage of past handshakes. With
 * 9,000 idle connections it took 6.9 KB a connection in place of 10.9 KB.
 *
 * The old generation is marked in small steps by the thread that serves, not by one beside it: a
 * process has one core, so the other thread only takes turns with it, of 5 ms each. With a thousand
 * connections at 1,000,000 to 1,400,000 frames a second on a slow core, p99 was 66 to 93 ms while it
 * marked, in six of ten runs, and 43 to 47 without, in all of five.
 *
 * With `gc` the server returns the memory of a crowd's handshakes when it is quiet again
 * (`src/daemon/handshake_garbage.ts`).
 */
export const V8_FLAGS: readonly string[] = [
  "--max-semi-space-size=4",
  "--no-concurrent-marking",
  "--expose-gc",
];

/** The same as one flag of Deno's, for `deno run` and `deno compile`. */
export const V8_OPTION = `--v8-flags=${V8_FLAGS.join(",")}`;

/**
 * Deno's variables, for whatever starts the program: the launcher of the built folder, the units, the
 * image. An executable cannot set them itself, since the runtime reads them before the program.
 *
 * While a turn of the event loop is due at once, the runtime runs 61 turns before it looks at a
 * socket. A thousand connections take 16 turns to write to, some 6 ms, in which no event arrives;
 * those that came meanwhile are then due all at once. With 4 turns, events arrive while frames are
 * written (docs/decisions/028-sockets-between-turns.md).
 */
export const RUNTIME_ENVIRONMENT: Readonly<Record<string, string>> = {
  DENO_TOKIO_EVENT_INTERVAL: "4",
};
