/**
 * How V8 is to run Ranger in production: what is built is started with these flags, and what is
 * measured as well.
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
