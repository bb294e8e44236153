/** Who a connection is, as a verified token says. */
export interface Identity {
  /** Never empty; private streams are chosen by it. */
  readonly uid: string;
  /** What the prefixed streams are allowed by; empty where the token names none. */
  readonly role: string;
  /** The token's `jti`, a number as text; undefined where it has none. */
  readonly jti: string | undefined;
  /** The token's `exp` in seconds since the epoch, without leeway; undefined: it never expires. */
  readonly expiresAt: number | undefined;
}
