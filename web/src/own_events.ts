import type { PayloadOf } from "../../client/src/mod.ts";
import { Columns } from "./columns.ts";
import { byId, make, part } from "./dom.ts";
import { clock, shown, textOf, timeOf } from "./numbers.ts";
import { often } from "./screen.ts";
import { signOf } from "./trades_panel.ts";

/** Maximum rows in each table. */
const MAX_ROWS = 50;

/** Maximum orders, open ones included. */
const MAX_ORDERS = 500;

/** States of an order that can still be executed; an unknown state counts as over. */
const OPEN_STATES = new Set(["pending", "wait", "trigger_wait"]);

function isOpen({ state }: Fields): boolean {
  return OPEN_STATES.has(String(state));
}

type Fields = Readonly<Record<string, unknown>>;

/** Orders and trades of one user, in the formats of all Peatio generations. */
export class OwnEvents {
  /** Orders by id, the latest change last. */
  readonly #orders = new Map<string, Fields>();
  #trades: Fields[] = [];
  readonly #openColumns = new Columns(byId("orders-table", HTMLTableElement));
  readonly #doneColumns = new Columns(byId("done-orders-table", HTMLTableElement));
  readonly #tradeColumns = new Columns(byId("own-trades-table", HTMLTableElement));
  readonly #changed = often.drawing(() => this.#draw());

  order(order: PayloadOf<"order">): void {
    const fields = order as Fields;
    const id = textOf(fields.id);
    this.#orders.delete(id);
    this.#orders.set(id, fields);
    // Of the orders that are over, only the latest are kept; an open one stays until it is over.
    const done = [...this.#orders].filter(([, order]) => !isOpen(order));
    for (const [id] of done.slice(0, -MAX_ROWS)) this.#orders.delete(id);
    if (this.#orders.size > MAX_ORDERS) this.#orders.delete(this.#orders.keys().next().value!);
    this.#changed();
  }

  trade(trade: PayloadOf<"trade">): void {
    const fields = trade as Fields;
    // A new subscription begins with recent trades, of which some may be shown.
    const others = this.#trades.filter((other) => !isSameTrade(other, fields));
    this.#trades = [fields, ...others].slice(0, MAX_ROWS);
    this.#changed();
  }

  /** Removes all rows, for another user. */
  clear(): void {
    this.#orders.clear();
    this.#trades = [];
    this.#changed();
  }

  #draw(): void {
    part("own-trades-note").hidden = this.#trades.length > 0;
    const all = [...this.#orders.values()].toReversed();
    this.#drawOrders("orders", this.#openColumns, all.filter(isOpen));
    this.#drawOrders("done-orders", this.#doneColumns, all.filter((order) => !isOpen(order)));
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

  #drawOrders(id: string, columns: Columns, orders: readonly Fields[]): void {
    part(`${id}-note`).hidden = orders.length > 0;
    fill(
      id,
      columns,
      orders.map((order) =>
        rowOf(order, [
          order.price ?? "market",
          order.remaining_volume ?? order.volume ?? order.origin_volume,
          order.state,
          clock(timeOf(order.updated_at ?? order.created_at ?? order.at)),
          order.id,
        ])
      ),
    );
  }
}

function isSameTrade(a: Fields, b: Fields): boolean {
  return a.id !== undefined && a.id === b.id && a.market === b.market && a.order_id === b.order_id;
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
