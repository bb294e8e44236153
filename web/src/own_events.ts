import type { PayloadOf } from "../../client/src/mod.ts";
import { Columns } from "./columns.ts";
import { byId, make, part } from "./dom.ts";
import { clock, shown, textOf, timeOf } from "./numbers.ts";
import { often } from "./screen.ts";
import { signOf } from "./trades_panel.ts";

/** Maximum rows in each table. */
const MAX_ROWS = 50;

type Fields = Readonly<Record<string, unknown>>;

/** Orders and trades of one user, in the formats of all Peatio generations. */
export class OwnEvents {
  /** Orders by id, the latest change last. */
  readonly #orders = new Map<string, Fields>();
  #trades: Fields[] = [];
  readonly #orderColumns = new Columns(byId("orders-table", HTMLTableElement));
  readonly #tradeColumns = new Columns(byId("own-trades-table", HTMLTableElement));
  readonly #changed = often.drawing(() => this.#draw());

  order(order: PayloadOf<"order">): void {
    const fields = order as Fields;
    const id = textOf(fields.id);
    this.#orders.delete(id);
    this.#orders.set(id, fields);
    if (this.#orders.size > MAX_ROWS) this.#orders.delete(this.#orders.keys().next().value!);
    this.#changed();
  }

  trade(trade: PayloadOf<"trade">): void {
    this.#trades = [trade as Fields, ...this.#trades].slice(0, MAX_ROWS);
    this.#changed();
  }

  /** Removes all rows, for another user. */
  clear(): void {
    this.#orders.clear();
    this.#trades = [];
    this.#changed();
  }

  #draw(): void {
    part("orders-note").hidden = this.#orders.size > 0;
    part("own-trades-note").hidden = this.#trades.length > 0;
    fill(
      "orders",
      this.#orderColumns,
      [...this.#orders.values()].toReversed().map((order) =>
        rowOf(order, [
          order.price ?? "market",
          order.remaining_volume ?? order.volume ?? order.origin_volume,
          order.state,
          order.id,
        ])
      ),
    );
    fill(
      "own-trades",
      this.#tradeColumns,
      this.#trades.map((trade) =>
        rowOf(trade, [
          trade.price,
          trade.amount ?? trade.volume,
          clock(timeOf(trade.created_at ?? trade.at)),
        ])
      ),
    );
  }
}

interface Row {
  readonly direction: string;
  /** The texts of a row; the direction colours the second one. */
  readonly texts: readonly string[];
}

function rowOf(event: Fields, values: readonly unknown[]): Row {
  const side = textOf(event.side ?? event.kind ?? "");
  const [direction, sign] = signOf(side);
  const market = textOf(event.market ?? event.market_id ?? "–");
  return {
    direction,
    texts: [market, `${sign} ${side}`, ...values.map(shown)],
  };
}

function fill(id: string, columns: Columns, rows: readonly Row[]): void {
  columns.hold(rows.map(({ texts }) => texts));
  part(id).replaceChildren(
    ...rows.map(({ direction, texts }) =>
      make(
        "tr",
        {},
        ...texts.map((text, at) => make("td", at === 1 ? { class: direction } : {}, text)),
      )
    ),
  );
}
