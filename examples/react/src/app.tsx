import type { Level } from "@ranger-ws/client";
import { useBook, useRangerState, useStream } from "@ranger-ws/client/react";
import { memo } from "react";

export function App({ market }: { market: string }) {
  return (
    <>
      <Connection />
      <Book market={market} />
      <Orders />
    </>
  );
}

function Connection() {
  const state = useRangerState();
  if (state.status === "open") {
    const { uid, expiresAt } = state.identity ?? {};
    return (
      <p>
        Connected as <b id="user">{uid ?? "nobody"}</b>
        {expiresAt && (
          <>
            , token valid until{" "}
            <time id="expires" dateTime={new Date(expiresAt).toISOString()}>
              {new Date(expiresAt).toLocaleTimeString()}
            </time>
          </>
        )}
      </p>
    );
  }
  const reason = "reason" in state ? `: ${state.reason}` : "";
  return <p role="status">{state.status}{reason}</p>;
}

function Book({ market }: { market: string }) {
  const { live, asks, bids, spread } = useBook(market, 8);
  return (
    <section>
      <h2>{market}</h2>
      <table id="book" className={live ? "live" : "stale"}>
        <thead>
          <tr><th>Price</th><th>Amount</th><th>Total</th></tr>
        </thead>
        <tbody>
          {asks.toReversed().map((level) => <Row key={level.price} side="ask" level={level} />)}
          <tr><td colSpan={3}>{live ? `spread ${spread}` : "waiting for the server"}</td></tr>
          {bids.map((level) => <Row key={level.price} side="bid" level={level} />)}
        </tbody>
      </table>
    </section>
  );
}

/** Drawn again only if its level has changed: an unchanged level is the same object. */
const Row = memo(({ side, level }: { side: "ask" | "bid"; level: Level }) => (
  <tr className={side}><td>{level.price}</td><td>{level.amount}</td><td>{level.total}</td></tr>
));

function Orders() {
  const events = useStream("order", { keep: 200 });
  // Each event is the whole order; the latest one of an order is how it is now.
  const orders = [...new Map(events.map((order) => [order.id, order])).values()].reverse();
  return (
    <section>
      <h2>Orders</h2>
      <table id="orders">
        <thead>
          <tr><th>Order</th><th>Market</th><th>Side</th><th>Price</th><th>State</th></tr>
        </thead>
        <tbody>
          {orders.slice(0, 10).map(({ id, market, kind, price, state }) => (
            <tr key={id}>
              <td>{id}</td><td>{market}</td><td>{kind}</td><td>{price ?? "market"}</td><td>{state}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  );
}
