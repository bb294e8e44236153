import { choice } from "../kinds.ts";
import { setting } from "./setting.ts";

export const PROTOCOL = {
  "protocol.envelope": setting<"object" | "tuple">({
    kind: choice(["object", "tuple"]),
    default: "object",
    flag: "envelope",
    help: 'How events are wrapped: {"stream":…}, or ["stream",…] as the clients of 2018 read them',
    right: "object or tuple",
  }),
};
