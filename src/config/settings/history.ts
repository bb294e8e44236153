import { whole } from "../kinds.ts";
import { setting } from "./setting.ts";

export const HISTORY = {
  "history.seconds": setting({
    kind: whole(0, 86_400, "SECONDS"),
    default: 300,
    flag: "history-seconds",
    help:
      "Seconds that events of plain streams are kept, for clients that resume, ask for recent " +
      "events or read slowly; 0 keeps none",
    right: "a number of seconds such as 300, or 0 to keep none",
  }),
  "history.bytes": setting({
    kind: whole(0, 2_147_483_648, "BYTES"),
    default: 67_108_864,
    flag: "history-bytes",
    help: "Memory of the events that are kept, at most; 0 keeps none",
    right: "a number of bytes such as 67108864, or 0 to keep none",
  }),
};
