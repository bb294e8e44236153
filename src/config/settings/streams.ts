import { choice, whole } from "../kinds.ts";
import { setting } from "./setting.ts";

export const STREAMS = {
  "streams.mode": setting<"open" | "strict">({
    kind: choice(["open", "strict"]),
    default: "open",
    flag: "streams-mode",
    help: "open passes unknown streams through; strict drops what does not fit its declared type",
    right: "open or strict",
  }),
  "streams.replay": setting({
    kind: whole(0, 1_000_000),
    default: 1000,
    flag: "streams-replay",
    help: "Increments kept after a snapshot that is no order book, for those who join later",
    right: "a number of increments such as 1000",
  }),
  "streams.event_bytes": setting({
    kind: whole(1024, 134_217_728, "BYTES"),
    default: 524_288,
    flag: "streams-event-bytes",
    help: "Largest event that is passed on, below limits.unsent_bytes; a larger one is dropped",
    right: "a number of bytes such as 524288",
  }),
  "streams.states": setting({
    kind: whole(1, 1_000_000),
    default: 5000,
    flag: "streams-states",
    help:
      "Streams with snapshots that are kept; beyond it those go that nobody holds, oldest first",
    right: "a number of streams such as 5000",
  }),
  "streams.state_bytes": setting({
    kind: whole(1_048_576, 1_099_511_627_776, "BYTES"),
    default: 268_435_456,
    flag: "streams-state-bytes",
    help: "Memory of all order books and other states together, estimated at 300 bytes a level; " +
      "above it those that nobody follows are dropped first, then no new ones are kept",
    right: "a number of bytes such as 268435456",
  }),
  "streams.book_levels": setting({
    kind: whole(1, 1_000_000),
    default: 10_000,
    flag: "streams-book-levels",
    help: "Levels that a side of an order book may have; a larger book is not kept",
    right: "a number of levels such as 10000",
  }),
};
