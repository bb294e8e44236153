/**
 * Loaded before the program, makes the runtime as Deno 2.7.11 is: it takes a socket's address for a
 * path, and refuses names in the abstract space.
 */
const { listenDatagram } = Deno;
Object.defineProperty(Deno, "listenDatagram", {
  value(options: Deno.UnixListenOptions & { transport: string }) {
    if (options.path?.startsWith("\0")) {
      throw new TypeError("paths must not contain interior null bytes");
    }
    return (listenDatagram as (options: unknown) => unknown)(options);
  },
});
