/** The version, as in deno.json. */
export const VERSION = "0.2.0";

/** The commit that the program was built from; `make build` writes it in. */
export const COMMIT: string = "unknown";
