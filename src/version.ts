/** What `ranger version` prints; `make build` writes the commit in. */
export const VERSION = "0.1.0";
