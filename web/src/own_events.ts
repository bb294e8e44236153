import type { PayloadOf } from "../../client/src/mod.ts";
import { make, part } from "./dom.ts";
import { eachFrame } from "./frame.ts";
import { clock, timeOf } from "./numbers.ts";
import { signOf } from "./trades_panel.ts";

/** Rows that are shown. */
const SHOWN = 50;

type Fields = Readonly<Record<string, unknown>>;

/** Orders and trades of one user, whatever generation of exchange told of them. */
export class OwnEvents {
  /** By number, the latest change last. */
  readonly #orders = new Map<string, Fields>();
  #trades: Fields[] = [];
  readonly #changed = eachFrame(() => this.#draw());

  order(order: PayloadOf<"order">): void {
    const fields = order as Fields;
    const id = String(fields.id);
    this.#orders.delete(id);
    this.#orders.set(id, fields);
    if (this.#orders.size > SHOWN) this.#orders.delete(this.#orders.keys().next().value!);
    this.#changed();
  }

  trade(trade: PayloadOf<"trade">): void {
    this.#trades = [trade as Fields, ...this.#trades].slice(0, SHOWN);
    this.#changed();
  }

  /** Of somebody else now. */
  clear(): void {
    this.#orders.clear();
    this.#trades = [];
    this.#changed();
  }

  #draw(): void {
    part("orders-note").hidden = this.#orders.size > 0;
    part("own-trades-note").hidden = this.#trades.length > 0;
    part("orders").replaceChildren(
      ...[...this.#orders.values()].toReversed().map((order) =>
        row(order, [
          order.price ?? "market",
          order.remaining_volume ?? order.volume ?? order.origin_volume,
          order.state,
          order.id,
        ])
      ),
    );
    part("own-trades").replaceChildren(
      ...this.#trades.map((trade) =>
        row(trade, [
          trade.price,
          trade.amount ?? trade.volume,
          clock(timeOf(trade.created_at ?? trade.at)),
        ])
      ),
    );
  }
}

function row(event: Fields, values: readonly unknown[]): HTMLElement {
  const side = String(event.side ?? event.kind ?? "");
  const [direction, sign] = signOf(side);
  return make(
    "tr",
    {},
    make("td", {}, String(event.market ?? event.market_id ?? "–")),
    make("td", { class: direction }, `${sign} ${side}`),
    ...values.map((value) => make("td", {}, String(value ?? "–"))),
  );
}
