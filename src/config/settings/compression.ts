import { toggle, whole } from "../kinds.ts";
import { setting } from "./setting.ts";

export const COMPRESSION = {
  "compression.enabled": setting({
    kind: toggle(),
    default: true,
    flag: "compression",
    help:
      "Whether clients that offer permessage-deflate get it; a message is compressed once for all",
    right: "true or false",
  }),
  "compression.threshold": setting({
    kind: whole(0, 67_108_864, "BYTES"),
    default: 256,
    flag: "compression-threshold",
    help: "Bytes from which on a message is compressed",
    right: "a number of bytes such as 256",
  }),
  "compression.level": setting({
    kind: whole(1, 9),
    default: 1,
    flag: "compression-level",
    help: "1 compresses fast, 9 small",
    right: "a number from 1 to 9",
  }),
};
