/** How a token came to its end. */
export type Ending = "expired" | "refused" | "signed out";

type Fetch = () => Promise<string>;

/** The token of whoever looks at the page: in memory only, and given to the client when asked. */
export class Credentials {
  #token: string | undefined;
  #fetch: Fetch | undefined;

  /** Whether there is somebody to sign in. */
  get present(): boolean {
    return this.#token !== undefined || this.#fetch !== undefined;
  }

  /** Whether an ended token will be followed by another one. */
  get renewed(): boolean {
    return this.#fetch !== undefined;
  }

  /** Takes a token as it was pasted, with or without `Bearer`. */
  paste(token: string): void {
    this.#fetch = undefined;
    this.#token = token.trim().replace(/^Bearer\s+/i, "");
  }

  /** Has each token fetched. */
  renewBy(fetch: Fetch): void {
    this.#token = undefined;
    this.#fetch = fetch;
  }

  forget(): void {
    this.#token = undefined;
    this.#fetch = undefined;
  }

  /** What the client asks. */
  readonly give = async (): Promise<string | null> => {
    return this.#fetch ? await this.#fetch() : this.#token ?? null;
  };
}
