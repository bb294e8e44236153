import { connect } from "../../client/src/mod.ts";
import { AccountView } from "./account_view.ts";
import { Credentials } from "./credentials.ts";
import { byId, part, write } from "./dom.ts";
import { Markets } from "./market_names.ts";
import { MarketView } from "./market_view.ts";
import { pageSocket } from "./page_socket.ts";
import { routeOf } from "./route.ts";
import { about, endpoint } from "./server.ts";
import { SourceStatus } from "./source_status.ts";
import { startStateLine } from "./state_line.ts";
import { StreamsView } from "./streams_view.ts";
import { startTheme } from "./theme.ts";

const TITLES = { market: "Market", streams: "Streams", account: "Account" };

const credentials = new Credentials();
const url = endpoint();
const ranger = connect(url, {
  token: credentials.give,
  maxReconnectDelay: 5000,
  WebSocket: pageSocket(),
});
// The views show the errors that matter.
ranger.onError(() => {});

const source = new SourceStatus(ranger);
startStateLine(ranger, source);
const markets = new Markets(ranger);
const market = new MarketView(ranger, source, markets);
const streams = new StreamsView(url, credentials, markets);
const account = new AccountView(ranger, source, credentials, () => streams.identityChanged());
startTheme(() => market.recolour());

function navigate(): void {
  const route = routeOf(location.hash);
  for (const link of document.querySelectorAll<HTMLElement>("[data-view]")) {
    if (link.dataset.view === route.view) link.setAttribute("aria-current", "page");
    else link.removeAttribute("aria-current");
  }
  for (const view of ["market", "streams", "account"]) {
    part(`view-${view}`).hidden = view !== route.view;
  }
  document.title = `${TITLES[route.view]} · Ranger`;
  if (route.view === "market") market.show(route.market, route.period);
  else market.hide();
  if (route.view === "streams") streams.show();
}

byId("skip", HTMLAnchorElement).onclick = (event) => {
  // The address is not used, because it names the current view.
  event.preventDefault();
  part("main").focus();
};
addEventListener("hashchange", navigate);
navigate();

try {
  const server = await about();
  write(part("version"), server.version);
  account.serverIs(server);
} catch {
  // The connection's state already reports the failure.
}
