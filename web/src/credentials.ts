/** Where tokens come from: one that was pasted, or somebody to ask for each. */
type Source = { readonly token: string } | { readonly fetch: () => Promise<string> };

/**
 * The token of the page's user: in memory only, and given to the client when asked. What
 * the server has accepted is kept until it accepts something else.
 */
export class Credentials {
  #given: Source | undefined;
  #accepted: Source | undefined;

  /** Whether there is somebody to sign in. */
  get present(): boolean {
    return this.#given !== undefined;
  }

  /** Whether an ended token will be followed by another one. */
  get renewed(): boolean {
    return this.#given !== undefined && "fetch" in this.#given;
  }

  /** Takes a token as it was pasted, with or without `Bearer`. */
  paste(token: string): void {
    this.#given = { token: token.trim().replace(/^Bearer\s+/i, "") };
  }

  /** Has each token fetched. */
  renewBy(fetch: () => Promise<string>): void {
    this.#given = { fetch };
  }

  /** The server has taken the token. */
  accept(): void {
    this.#accepted = this.#given;
  }

  /**
   * The server has not taken the token: the user signed in before stays so.
   *
   * @returns whether somebody was
   */
  refuse(): boolean {
    const before = this.#accepted === this.#given ? undefined : this.#accepted;
    this.#given = this.#accepted = before;
    return before !== undefined;
  }

  forget(): void {
    this.#given = this.#accepted = undefined;
  }

  /** What the client asks. */
  readonly give = async (): Promise<string | null> => {
    const given = this.#given;
    if (given === undefined) return null;
    return "fetch" in given ? await given.fetch() : given.token;
  };
}
