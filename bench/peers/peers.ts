import { floorJoined, floorSame, floorSingle } from "./floor.ts";
import { naiveDeno } from "./naive_deno_peer.ts";
import { naiveWs } from "./naive_ws_peer.ts";
import { nats } from "./nats.ts";
import { nchan } from "./nchan.ts";
import type { FedPeer, SelfFedPeer } from "./peer.ts";
import { ranger, rangerWithCursors } from "./ranger.ts";
import { rango } from "./rango.ts";
import { webStomp } from "./web_stomp.ts";

/** All that can be measured, in the order of the table. A new peer is one file and one line here. */
export const peers: readonly (FedPeer | SelfFedPeer)[] = [
  ranger,
  rangerWithCursors,
  naiveDeno,
  naiveWs,
  rango,
  nchan,
  nats,
  webStomp,
  floorSingle,
  floorJoined,
  floorSame,
];
