/** The source of tokens: a pasted one, or a function that fetches each. */
type Source = { readonly token: string } | { readonly fetch: () => Promise<string> };

/**
 * The user's token, in memory only; the client requests it from here. A token that the server has
 * accepted is kept until the server accepts another one.
 */
export class Credentials {
  #given: Source | undefined;
  #accepted: Source | undefined;

  /** Whether a token is available. */
  get present(): boolean {
    return this.#given !== undefined;
  }

  /** Whether an expired token is renewed automatically. */
  get renewed(): boolean {
    return this.#given !== undefined && "fetch" in this.#given;
  }

  /** The pasted token, if there is one. */
  get pasted(): string | undefined {
    return this.#given && "token" in this.#given ? this.#given.token : undefined;
  }

  /** Stores a pasted token, with or without `Bearer`. */
  paste(token: string): void {
    this.#given = { token: token.trim().replace(/^Bearer\s+/i, "") };
  }

  /** Fetches every token with this function. */
  renewBy(fetch: () => Promise<string>): void {
    this.#given = { fetch };
  }

  /** Call when the server has accepted the token. */
  accept(): void {
    this.#accepted = this.#given;
  }

  /**
   * Call when the server has rejected the token: a previously accepted token stays in use.
   *
   * @returns whether there is one
   */
  refuse(): boolean {
    const before = this.#accepted === this.#given ? undefined : this.#accepted;
    this.#given = this.#accepted = before;
    return before !== undefined;
  }

  forget(): void {
    this.#given = this.#accepted = undefined;
  }

  /** The client's `token` function. */
  readonly give = async (): Promise<string | null> => {
    const given = this.#given;
    if (given === undefined) return null;
    return "fetch" in given ? await given.fetch() : given.token;
  };
}
