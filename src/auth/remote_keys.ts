import { getLogger } from "@logtape/logtape";
import { createRemoteJWKSet, customFetch, errors, type RemoteJWKSet } from "jose";
import { probe } from "../connection_error.ts";
import { showWebAddress } from "../config/show.ts";
import { LogThrottle } from "../telemetry/log_throttle.ts";
import type { AuthSettings } from "./claims.ts";
import { readJwks } from "./jwk.ts";
import type { VerificationKey } from "./verification_key.ts";

const log = getLogger(["ranger", "auth"]);

/** Bytes that a set may have; a hundred RSA keys with their certificates are less. */
const MOST_BYTES = 1_048_576;

/** Milliseconds in which the same failure is logged once. */
const SILENCE = 600_000;

/** Where the keys are, and how often they are fetched: the settings of these names. */
export type RemoteOptions = Pick<
  AuthSettings,
  "algorithm" | "jwksUrl" | "jwksRefresh" | "jwksCooldown" | "jwksTimeout"
>;

/** How it goes with the set, for the operator. */
export interface RemoteState {
  /** Without its query, which may hold a secret. */
  readonly url: string;
  readonly keys: number;
  /** Seconds since the set in force was fetched; `undefined` before the first. */
  readonly age: number | undefined;
  /** Sets fetched, and tries that failed; each only ever grows. */
  readonly fetched: number;
  readonly failed: number;
  /** Seconds since the epoch; `undefined` before the first. */
  readonly lastSuccess: number | undefined;
  /** Why the last try failed; `undefined` when it did not. */
  readonly failure: string | undefined;
}

/**
 * The keys that an authentication service publishes (RFC 7517 §5). They are fetched by jose, ahead
 * of need, so that no client waits for them, and once more when a token of an unknown key comes.
 * While they cannot be had, the last good set stays in force.
 *
 * @example
 * ```ts
 * declare const options: RemoteOptions;
 * const remote = new RemoteKeys(options, () => console.log("the keys changed"));
 * remote.start();
 * remote.keys; // none before the first set
 * remote.stop();
 * ```
 */
export class RemoteKeys {
  #options: RemoteOptions;
  #remote: RemoteJWKSet;
  #keys: readonly VerificationKey[] = [];
  #pending: Promise<void> | undefined;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #stopped = true;
  /** By the clock that cannot be set, in milliseconds. */
  #triedAt = -Infinity;
  #fetchedAt: number | undefined;
  #lastSuccess: number | undefined;
  #fetched = 0;
  #failed = 0;
  #failure: string | undefined;
  readonly #changed: () => void;
  readonly #complaints = new LogThrottle(SILENCE);

  /** @param changed is called whenever `keys` are others */
  constructor(options: RemoteOptions, changed: () => void) {
    this.#options = options;
    this.#remote = this.#createRemote();
    this.#changed = changed;
  }

  /** Those of the last good set. */
  get keys(): readonly VerificationKey[] {
    return this.#keys;
  }

  get state(): RemoteState {
    const age = this.#fetchedAt === undefined
      ? undefined
      : (performance.now() - this.#fetchedAt) / 1000;
    return {
      url: showWebAddress(this.#options.jwksUrl),
      keys: this.#keys.length,
      age,
      fetched: this.#fetched,
      failed: this.#failed,
      lastSuccess: this.#lastSuccess,
      failure: this.#failure,
    };
  }

  /** Whether other settings are still about the same keys. */
  isFor({ jwksUrl, algorithm }: RemoteOptions): boolean {
    return this.#options.jwksUrl === jwksUrl && this.#options.algorithm === algorithm;
  }

  /** Takes other times; `isFor` them must hold. */
  retime(options: RemoteOptions): void {
    this.#options = options;
    this.#remote = this.#createRemote();
    if (!this.#stopped) this.#arm();
  }

  /** Fetches the first set, and goes on for ever. */
  start(): void {
    this.#stopped = false;
    // What was fetched to try it out is fresh.
    if (this.#fetchedAt === undefined) void this.refresh();
    else this.#arm();
  }

  /** Fetches no more. */
  stop(): void {
    this.#stopped = true;
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  /** Fetches the set. Never rejects: `state` tells what came of it. */
  refresh(): Promise<void> {
    return this.#pending ??= this.#refresh().finally(() => this.#pending = undefined);
  }

  /**
   * Fetches the set because a token is of no known key, unless the last try is too recent:
   * strangers may send such tokens all day.
   *
   * @returns whether there was a try
   */
  async lookAgain(): Promise<boolean> {
    const since = performance.now() - this.#triedAt;
    if (this.#pending === undefined && since < this.#options.jwksCooldown * 1000) return false;
    await this.refresh();
    return true;
  }

  async #refresh(): Promise<void> {
    clearTimeout(this.#timer);
    try {
      await this.#remote.reload();
      const { keys, refused } = await readJwks(this.#remote.jwks(), this.#options.algorithm);
      if (keys.length === 0) throw new Error(["it holds no key to use", ...refused].join("; "));
      this.#take(keys, refused);
    } catch (error) {
      this.#failed++;
      this.#failure = await explain(error, this.#options);
      if (this.#complaints.allows(this.#failure)) {
        log.warn("cannot fetch keys from {url}: {reason}; {kept}", {
          url: showWebAddress(this.#options.jwksUrl),
          reason: this.#failure,
          kept: this.#keys.length > 0
            ? "the last good set stays in force"
            : "there is none yet, so its tokens cannot be verified",
        });
      }
    }
    this.#triedAt = performance.now();
    if (!this.#stopped) this.#arm();
  }

  #take(keys: readonly VerificationKey[], refused: readonly string[]): void {
    const names = (of: readonly VerificationKey[]) =>
      of.map(({ kid, kind, algorithm, fingerprint }) =>
        `${kid ?? fingerprint.slice(0, 23)} (${kind}, ${algorithm})`
      ).join(", ");
    const others = names(keys) !== names(this.#keys) ||
      keys.some((key, at) => key.fingerprint !== this.#keys[at]?.fingerprint);
    this.#fetched++;
    this.#fetchedAt = performance.now();
    this.#lastSuccess = Date.now() / 1000;
    if (others || this.#failure !== undefined) {
      log.info("keys from {url}: {names}", {
        url: showWebAddress(this.#options.jwksUrl),
        names: names(keys),
      });
    }
    this.#failure = undefined;
    if (!others) return;
    for (const reason of refused) log.warn("not used: {reason}", { reason });
    this.#keys = keys;
    this.#changed();
  }

  #arm(): void {
    clearTimeout(this.#timer);
    const { jwksRefresh, jwksCooldown } = this.#options;
    const wait = this.#failure === undefined ? jwksRefresh : Math.min(jwksCooldown, jwksRefresh);
    this.#timer = setTimeout(() => void this.refresh(), Math.max(wait, 1) * 1000);
  }

  #createRemote(): RemoteJWKSet {
    const { jwksUrl, jwksTimeout, jwksCooldown, jwksRefresh } = this.#options;
    return createRemoteJWKSet(new URL(jwksUrl), {
      timeoutDuration: jwksTimeout * 1000,
      cooldownDuration: jwksCooldown * 1000,
      cacheMaxAge: jwksRefresh * 1000,
      [customFetch]: fetchBounded,
    });
  }
}

/** As jose would fetch it, but no more than a set can have. */
async function fetchBounded(
  url: string,
  init: { headers: Headers; method: "GET"; redirect: "manual"; signal: AbortSignal },
): Promise<Response> {
  const response = await fetch(url, init);
  if (response.status !== 200) {
    await response.body?.cancel();
    const moved = response.status >= 300 && response.status < 400;
    throw new Error(`it answers ${response.status}${moved ? "; give the final address" : ""}`);
  }
  const chunks: Uint8Array<ArrayBuffer>[] = [];
  let bytes = 0;
  for await (const chunk of response.body ?? []) {
    bytes += chunk.length;
    if (bytes > MOST_BYTES) throw new Error(`it answers more than ${MOST_BYTES} bytes`);
    chunks.push(chunk);
  }
  return new Response(new Blob(chunks));
}

async function explain(error: unknown, { jwksUrl, jwksTimeout }: RemoteOptions): Promise<string> {
  if (error instanceof errors.JWKSTimeout) return `no answer within ${jwksTimeout} s`;
  if (error instanceof errors.JWKSInvalid) return "it answers no JSON Web Key Set";
  if (error instanceof errors.JOSEError) return "it answers no JSON";
  // fetch only says that it failed; the reason is in its cause, without the addresses.
  const { cause } = error as { cause?: unknown };
  const reason = cause instanceof Error ? cause : error;
  const message = reason instanceof Error ? reason.message : String(reason);
  const url = new URL(jwksUrl);
  if (/tcp connect error|dns error/.test(message)) {
    const port = Number(url.port) || (url.protocol === "https:" ? 443 : 80);
    const found = await probe(url.hostname.replace(/^\[(.*)\]$/, "$1"), port, jwksTimeout * 1000);
    if (found !== undefined) return found.message;
  }
  return message.replace(/^error sending request for url \(.*?\): /, "")
    .replaceAll(url.href, showWebAddress(jwksUrl))
    .replaceAll(jwksUrl, showWebAddress(jwksUrl));
}
