import { floorJoined, floorSingle } from "./floor.ts";
import { naiveDeno } from "./naive_deno_peer.ts";
import type { BrokerPeer, SelfFedPeer } from "./peer.ts";
import { ranger } from "./ranger.ts";

/** All that can be measured, in the order of the table. A new peer is one file and one line here. */
export const peers: readonly (BrokerPeer | SelfFedPeer)[] = [
  ranger,
  naiveDeno,
  floorSingle,
  floorJoined,
];
