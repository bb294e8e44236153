import { choice, toggle } from "../kinds.ts";
import { setting } from "./setting.ts";

export const PROTOCOL = {
  "protocol.envelope": setting<"object" | "tuple">({
    kind: choice(["object", "tuple"]),
    default: "object",
    flag: "envelope",
    help: 'Format of an event: {"stream":…}, or ["stream",…] for clients of the server of 2018',
    right: "object or tuple",
  }),
  "protocol.close_on_loss": setting({
    kind: toggle(),
    default: true,
    flag: "close-on-loss",
    help:
      "Close authenticated connections with private streams with 1012 when events were lost, so " +
      "that clients fetch their state again; those that ask for status get a message instead",
    right: "true or false",
  }),
};
