/** What is known when a note about the order book is due. */
export interface BookFacts {
  /** Whether the connection to the server is open. */
  readonly open: boolean;
  /** Whether the device has a network, as far as the browser knows. */
  readonly online: boolean;
  /** Whether the server receives nothing from the exchange. */
  readonly down: boolean;
  /** The market's id; empty while none is selected. */
  readonly market: string;
  readonly misnamed: boolean;
  /** Whether the tickers name the market; `undefined` while there are no tickers. */
  readonly listed: boolean | undefined;
  /** Whether a book of this market has been shown. */
  readonly seen: boolean;
  /** Whether the book is current. */
  readonly live: boolean;
  readonly empty: boolean;
  readonly unreadable: boolean;
  /** Whether the market has been shown long enough for a book to have arrived. */
  readonly overdue: boolean;
}

/** Says in a sentence why there is no current order book; `undefined` if there is one. */
export function bookNote(facts: BookFacts): string | undefined {
  const { open, online, down, market, seen } = facts;
  if (facts.unreadable && open) {
    return "The order book cannot be read. It is requested again at least every 30 s.";
  }
  if (seen) {
    if (!open) return "Out of date: the connection was lost.";
    if (down) return "Out of date: the server receives nothing from the exchange.";
    if (!facts.live) return "Out of date: waiting for the exchange's next snapshot.";
    return facts.empty ? "The order book is empty." : undefined;
  }
  if (facts.misnamed) return "No market selected. Choose one above.";
  if (!open) return online ? "Waiting for the connection…" : "Waiting for the network…";
  if (down) return "The server receives nothing from the exchange yet.";
  if (market === "") return "Waiting for the list of markets…";
  if (!facts.overdue) return "Waiting for the order book…";
  if (facts.listed === false) return `The exchange lists no market ${market}. Check its name.`;
  return `Waiting for the exchange's first snapshot of ${market}.`;
}
