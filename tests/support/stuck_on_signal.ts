/** Loaded before the program by tests: its event loop turns no more when SIGUSR2 comes. */
Deno.addSignalListener("SIGUSR2", () => {
  while (true);
});
