/**
 * Names that the client's classes call each other by, to be shortened in its package. None of them
 * is a property of what the client exchanges with apps, the runtime or the server:
 * `tests/unit/internal_names_test.ts` compares them with what apps see.
 */
export const INTERNAL_NAMES: readonly string[] = [
  ...["priceValue", "amountValue", "digits", "places", "suspend", "caughtUp", "hold", "moved"],
  ...["positions", "deliver", "answered", "resubscribe", "listen", "identified", "authFailed"],
  ...["signedOut", "accepted", "refused", "expired", "renew", "restart", "opened", "received"],
];

/** The client's modules that apps import: the package itself, `/streams`, `/store`, … */
export const ENTRIES: readonly string[] = ["mod", "streams", "store", "react", "checksum"];
