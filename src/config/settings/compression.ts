import { toggle, whole } from "../kinds.ts";
import { setting } from "./setting.ts";

export const COMPRESSION = {
  "compression.enabled": setting({
    kind: toggle(),
    default: true,
    flag: "compression",
    help: "Whether to accept permessage-deflate from clients that offer it; each message is " +
      "compressed once for all of them",
    right: "true or false",
  }),
  "compression.threshold": setting({
    kind: whole(0, 67_108_864, "BYTES"),
    default: 256,
    flag: "compression-threshold",
    help: "Minimum size in bytes of a message to compress",
    right: "a number of bytes such as 256",
  }),
  "compression.level": setting({
    kind: whole(1, 9),
    default: 1,
    flag: "compression-level",
    help: "From 1, fastest, to 9, smallest",
    right: "a number from 1 to 9",
  }),
};
