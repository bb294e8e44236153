import { isJson } from "./json_check.ts";

const utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** The result of {@linkcode parseJson} for a body that is not valid JSON. */
export const NOT_JSON = Symbol("not JSON");

/**
 * Reads a body as JSON (RFC 8259: UTF-8, no byte order mark).
 *
 * @returns the value, or {@linkcode NOT_JSON} when the body is not UTF-8 or not JSON
 *
 * @example
 * ```ts
 * parseJson(new TextEncoder().encode("[1]")); // [1]
 * parseJson(new Uint8Array([0xff])); // NOT_JSON
 * ```
 */
export function parseJson(body: Uint8Array): unknown {
  try {
    return JSON.parse(utf8.decode(body));
  } catch {
    return NOT_JSON;
  }
}

/**
 * Checks whether a body is valid JSON without parsing it, which is much cheaper.
 *
 * @returns {@linkcode NOT_JSON} if {@linkcode parseJson} would return it, otherwise `undefined`
 */
export function checkJson(body: Uint8Array): undefined | typeof NOT_JSON {
  return isJson(body) ? undefined : NOT_JSON;
}
