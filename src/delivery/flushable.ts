/** What has something to write: a connection, or several that owe their clients the same. */
export interface Flushable {
  /** Connections in it. */
  readonly size: number;
  /**
   * Writes everything owed, in one write for each connection.
   *
   * @returns how many frames that was, those of all connections together
   */
  flush(): number;
}

/** Is told when there is something to write, and calls `flush` when it is time. */
export interface FlushScheduler {
  schedule(owing: Flushable): void;
}
