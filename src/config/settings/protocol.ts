import { choice } from "../kinds.ts";
import { setting } from "./setting.ts";

export const PROTOCOL = {
  "protocol.envelope": setting<"object" | "tuple">({
    kind: choice(["object", "tuple"]),
    default: "object",
    flag: "envelope",
    help: 'Format of an event: {"stream":…}, or ["stream",…] for clients of the server of 2018',
    right: "object or tuple",
  }),
};
