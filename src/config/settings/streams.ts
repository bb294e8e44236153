import { choice, whole } from "../kinds.ts";
import { setting } from "./setting.ts";

export const STREAMS = {
  "streams.mode": setting<"open" | "strict">({
    kind: choice(["open", "strict"]),
    default: "open",
    flag: "streams-mode",
    help: "open delivers unknown streams; strict drops events that do not fit a declared type",
    right: "open or strict",
  }),
  "streams.replay_increments": setting({
    kind: whole(0, 1_000_000),
    default: 1000,
    flag: "streams-replay-increments",
    formerly: { key: "streams.replay", flag: "streams-replay" },
    help: "Maximum number of increments kept after a snapshot that is not an order book, for " +
      "later subscribers",
    right: "a number of increments such as 1000",
  }),
  "streams.event_bytes": setting({
    kind: whole(1024, 134_217_728, "BYTES"),
    default: 524_288,
    flag: "streams-event-bytes",
    help: "Maximum size of an event, below limits.unsent_bytes; larger events are dropped",
    right: "a number of bytes such as 524288",
  }),
  "streams.states": setting({
    kind: whole(1, 1_000_000),
    default: 5000,
    flag: "streams-states",
    help: "Maximum number of streams whose state is kept; above it the oldest without a " +
      "subscriber is dropped",
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
    help: "Maximum number of levels on one side of an order book; a larger book is not kept",
    right: "a number of levels such as 10000",
  }),
  "streams.depth_interval": setting({
    kind: whole(10, 60_000, "MILLISECONDS"),
    default: 100,
    flag: "streams-depth-interval",
    help: "Milliseconds between two values of <id>.depth-<n>, which is derived from the order book",
    right: "a number of milliseconds such as 100",
  }),
};
