/**
 * What exchanges of the Peatio family publish, one row per form of payload, and what none of them
 * does. Read off the source of openware/peatio at its tags (`for_notify`, `for_global`,
 * `trigger_pusher_event`, the engine, the k-line, ticker and global-state daemons), of peatio-core
 * and peatio-irix (upstream proxies), of forks (zsmartex/finex, bitzlato/peatio), and of the
 * documents of Openware and of exchanges in the field.
 */

/** One payload. */
export interface PayloadRow {
  /** As clients know it: `usdbtc.trades`, or a private event such as `order`. */
  readonly stream: string;
  /** Which exchange or version publishes it; or what is wrong with it. */
  readonly what: string;
  /** As published. */
  readonly json: string;
}

type Rows = Readonly<Record<string, readonly (readonly [what: string, json: string])[]>>;

function rowsOf(rows: Rows): PayloadRow[] {
  return Object.entries(rows).flatMap(([stream, payloads]) =>
    payloads.map(([what, json]) => ({ stream, what, json }))
  );
}

const SNAPSHOT = '{"asks":[["15.0","1"]],"bids":[["14.0","0.001"]],"sequence":7}';
const TICKER =
  '"at":1588000798,"avg_price":"1000.0","high":"10000.0","last":"1000.0","low":"1000.0",' +
  '"open":"1000.0","price_change_percent":"+0.00%","volume":"0.0","amount":"0.0"';
const ORDER_2018 = '"id":22,"at":1588000798,"market":"btcusd","kind":"bid","price":"1026.0",' +
  '"state":"wait"';
const ORDER_LATER = '"id":22,"market":"btcusd","kind":"bid","side":"buy","ord_type":"limit",' +
  '"price":"1026.0","avg_price":"0.0","state":"wait","origin_volume":"2.5",' +
  '"remaining_volume":"1.0","executed_volume":"1.5","at":1588000798,"created_at":1588000798,' +
  '"updated_at":1588000799,"trades_count":1';
const ORDER_DOCUMENTED = '"id":22,"side":"sell","ord_type":"limit","price":"0.0839",' +
  '"avg_price":"0.0","state":"done","market_id":"usdbtc","created_at":"2018-05-16T13:35:00Z",' +
  '"origin_volume":"2.5","trades_count":1,"trades":[{"id":7,"price":"0.0839","volume":"1.5"}]';
const TRADE_2018 = '"id":7,"kind":"ask","at":1588000798,"price":"1020.0","volume":"0.001",' +
  '"market":"btcusd"';
const TRADE_LATER = '"id":7,"price":"1020.0","amount":"0.001","total":"1.02","market":"btcusd",' +
  '"side":"buy","taker_type":"sell","created_at":1588000798,"order_id":22';
const TRADE_DOCUMENTED = '"id":7,"price":"0.0839","volume":"1.5","funds":"0.12585",' +
  '"market_id":"usdbtc","created_at":"2018-05-16T13:35:01Z","side":"bid","order_id":22';
const TRADED = '"tid":7,"date":1588000798,"price":"1020.0","amount":"0.001"';
const LATER_STATES = ["pending", "wait", "done", "cancel", "reject"];
const FINEX_STATES = ["execution_reject", "trigger_wait", "trigger_cancel", "trigger_reject"];

/** An object's members, with one of them another. */
function with_(members: string, name: string, value: string): string {
  const changed = members.replace(
    new RegExp(`"${name}":("[^"]*"|[\\d.]+|\\[.*\\])`),
    `"${name}":${value}`,
  );
  if (changed === members) throw new TypeError(`${members} has no ${name} that is not ${value}`);
  return changed;
}

/** An object's members, without one of them. */
function without(members: string, name: string): string {
  return Object.entries(JSON.parse(`{${members}}`)).filter(([one]) => one !== name)
    .map(([one, value]) => `${JSON.stringify(one)}:${JSON.stringify(value)}`).join(",");
}

/** What strict mode must pass. */
export const PUBLISHED: readonly PayloadRow[] = rowsOf({
  "usdbtc.update": [
    [
      "Peatio 1.9 to 2.3: 300 levels a side at most",
      '{"asks":[["1020.0","0.005"],["1026.0","0.03"]],"bids":[["1000.0","0.25"],["1.0","11"]]}',
    ],
    ["Peatio 1.9 to 2.3: an empty market", '{"asks":[],"bids":[]}'],
    ["BigDecimal without Rails", '{"asks":[["0.102e4","0.5e-2"]],"bids":[]}'],
  ],
  "usdbtc.trades": [
    ["Peatio since 2.1.7", `{"trades":[{${TRADED},"taker_type":"buy"}]}`],
    ["Peatio before 2.1.7", `{"trades":[{${TRADED},"type":"sell"},{${TRADED},"type":"buy"}]}`],
    ["Peatio 2.x: taker_type empty", `{"trades":[{${TRADED},"taker_type":""}]}`],
    ["another word for the taker", `{"trades":[{${TRADED},"taker_type":"maker"}]}`],
    [
      "peatio-irix, from Bitfinex: numbers",
      '{"trades":[{"tid":401597395,"amount":"0.005","price":7245.3,"date":1574694475,' +
      '"taker_type":"sell"}]}',
    ],
    [
      "peatio-irix: a float in Ruby's spelling",
      '{"trades":[{"tid":7,"amount":1.2e-07,"price":1.0e+16,"date":1574694475,' +
      '"taker_type":"sell"}]}',
    ],
    [
      "as Peatio's documents have it",
      '{"trades":[{"tid":7,"taker_type":"buy","price":"1020.0","amount":"0.001",' +
      '"created_at":1588000798}]}',
    ],
    [
      "zsmartex/finex",
      '{"trades":[{"id":7,"market":"btcusd","price":"1020","amount":"0.001","total":"1.02",' +
      '"taker_type":"buy","created_at":"2022-04-02T07:44:39.146Z"}]}',
    ],
    [
      "zsmartex/finex for baseapp",
      '{"trades":[{"amount":"0.001","date":1648885479,"id":7,"market":"btcusd","price":"1020",' +
      '"taker_type":"buy","total":"1.02"}]}',
    ],
    ["fields unknown yet", `{"trades":[{${TRADED},"taker_type":"buy","maker":5}],"more":true}`],
    ["none", '{"trades":[]}'],
  ],
  "usdbtc.ob-snap": [
    ["Peatio since 2.4", SNAPSHOT],
    ["Peatio since 2.4: the engine starts", '{"asks":[],"bids":[],"sequence":1}'],
    ["peatio-core's samples: no sequence", '{"asks":[["15.0","1"]],"bids":[]}'],
    [
      "peatio-irix: the first has the sequence 0",
      '{"bids":[["14.0","1.0e-05"]],"asks":[],"sequence":0}',
    ],
    [
      "bitzlato/peatio: with a time",
      '{"asks":[["15.0","1.0"]],"bids":[],"sequence":7,"ts":1648885479.146}',
    ],
    ["numbers in place of texts", '{"asks":[[15,1.5]],"bids":[[14.25,1e-8]],"sequence":7}'],
    ["a sequence as text", '{"asks":[],"bids":[],"sequence":"7"}'],
    ["a sequence beyond 2^53", '{"asks":[],"bids":[],"sequence":1588000798000000001}'],
    ["levels with a count", '{"asks":[["15.0","1",3]],"bids":[["14.0","1","2"]]}'],
  ],
  "usdbtc.ob-inc": [
    ["Peatio since 2.4", '{"asks":["15.0","22.1"],"sequence":9}'],
    ["Peatio since 2.4: the other side", '{"bids":["999.0","0.001"],"sequence":9}'],
    ["Peatio since 2.4: a level is removed", '{"asks":["15.0",""],"sequence":9}'],
    [
      "bitzlato/peatio: with a time",
      '{"bids":["15.0",""],"sequence":9,"ts":1648885479.146}',
    ],
    ["Peatio's documents: a list", '{"asks":[["15.0","22.1257"]]}'],
    ["peatio-core's samples: removal as 0", '{"bids":[["1000.0","0"]]}'],
    ["a removal as 0.0", '{"asks":["15.0","0.0"],"sequence":9}'],
    ["a removal as null", '{"asks":["15.0",null],"sequence":9}'],
    ["removals in a list", '{"bids":[["14.0",""],["13.0","2.0"]],"sequence":3}'],
    [
      "peatio-irix: a side without changes is null",
      '{"bids":null,"asks":[["9302.5","1.2e-07"],["9303","0"]],"sequence":1}',
    ],
    [
      "peatio-irix: both sides",
      '{"bids":[["9301","0.5"]],"asks":[["9302.5","0.0"]],"sequence":2}',
    ],
    [
      "one pair and a list",
      '{"asks":["15.0","0.0"],"bids":[["14.0","1"],["13.0","0"]],"sequence":9}',
    ],
    ["numbers in place of texts", '{"asks":[15.25,0],"sequence":8}'],
    ["a sequence as text", '{"asks":["15.0","1"],"sequence":"9"}'],
    ["a sequence beyond 2^53", '{"asks":["15.0","1"],"sequence":1588000798000000001}'],
    ["a level with a count", '{"asks":["15.0","1",3],"sequence":8}'],
    ["levels with a count", '{"asks":[["15.0","1",3],["16.0","",0]],"sequence":8}'],
  ],
  "usdbtc.kline-15m": [
    ["Peatio", "[1537370580,0.0839,0.0921,0.0781,0.0845,0.5895]"],
    [
      "Peatio 1.9 to 2.3: a period without trades",
      "[1537370580,0.0845,0.0845,0.0845,0.0845,0]",
    ],
    ["Peatio since 2.4: the same", "[1537370580,null,null,null,null,null]"],
    ["a float in Ruby's spelling", "[1537370580,1.2e-07,1.3e-07,1.0e-07,1.2e-07,1.0e+16]"],
    ["texts", '[1537370580,"0.1","0.2","0.05","0.15","12.5"]'],
    ["the time as text", '["1537370580","6.1","6.3","6.0","6.2","50"]'],
    ["InfluxDB without an epoch", '["2018-09-19T15:23:00Z",0.1,0.2,0.05,0.15,12.5]'],
    [
      "Peatio 1.9.17 to 2.0.23: JSON twice",
      '"[1537370580,0.0839,0.0921,7.81e-08,0.0845,0.5895]"',
    ],
  ],
  "global.tickers": [
    ["Peatio: no market", "{}"],
    ["Peatio since 2.4: everything is a text", `{"eurusd":{${TICKER.replace(/\d+/, '"$&"')}}}`],
    ["Peatio 2.4: the time as a number", `{"eurusd":{${TICKER}},"btcusd":{${TICKER}}}`],
    [
      "Peatio 1.9 to 2.3",
      '{"eurusd":{"name":"EUR/USD","base_unit":"eur","quote_unit":"usd","low":"1000.0",' +
      '"high":"10000.0","last":"1000.0","at":1588000798,"open":1000.0,"volume":"0.0",' +
      '"sell":"1020.0","buy":"1000.0","avg_price":"0.0","price_change_percent":"+0.00%"}}',
    ],
    [
      "Peatio 2.x: a market without trades",
      `{"eurusd":{${
        with_(with_(TICKER, "avg_price", '"NaN"'), "price_change_percent", '"NaN%"')
      }}}`,
    ],
    [
      "Peatio 2.x: nulls",
      '{"eurusd":{"at":1588000798,"avg_price":null,"high":null,"last":null,"low":null,' +
      '"open":null,"price_change_percent":null,"volume":null,"amount":null}}',
    ],
    [
      "Peatio 2.4: floats of InfluxDB",
      '{"eurusd":{"last":1.2e-07,"volume":12.5,"amount":0,"avg_price":1.0e+16}}',
    ],
    ["few fields", '{"eurusd":{"last":"1000.0"},"usdbtc":{}}'],
  ],
  order: [
    ["2018, to Peatio 2.0.25", `{${ORDER_2018},"volume":"0.001","origin_volume":"0.001"}`],
    [
      "2018: at the market's price",
      `{${with_(ORDER_2018, "price", "null")},"volume":"1.0","origin_volume":"2.5"}`,
    ],
    [
      "Peatio 2.0.26 to 2.2.11",
      `{${ORDER_2018},"remaining_volume":"0.001","origin_volume":"0.001"}`,
    ],
    ["Peatio since 2.2.12", `{${ORDER_LATER}}`],
    [
      "Peatio since 2.2.12: at the market's price",
      `{${with_(with_(ORDER_LATER, "ord_type", '"market"'), "price", "null")}}`,
    ],
    ["Peatio since 2.2.12: no average yet", `{${with_(ORDER_LATER, "avg_price", "null")}}`],
    ["as first documented", `{${ORDER_DOCUMENTED}}`],
    ...LATER_STATES.filter((state) => state !== "wait").flatMap((state) =>
      [
        [`Peatio: ${state}`, `{${with_(ORDER_LATER, "state", `"${state}"`)}}`],
        [
          `2018: ${state}`,
          `{${with_(ORDER_2018, "state", `"${state}"`)},"volume":"0.0","origin_volume":"2.5"}`,
        ],
      ] as const
    ),
    ...FINEX_STATES.map((state) =>
      [`finex: ${state}`, `{${with_(ORDER_LATER, "state", `"${state}"`)}}`] as const
    ),
    ["a state of a later version", `{${with_(ORDER_LATER, "state", '"lost"')}}`],
    [
      "a state of a later version, as in 2018",
      `{${with_(ORDER_2018, "state", '"lost"')},"volume":"0.0","origin_volume":"2.5"}`,
    ],
    ["another type", `{${with_(ORDER_LATER, "ord_type", '"stop_limit"')}}`],
    [
      "bitzlato/peatio: with a uuid",
      `{${ORDER_LATER},"uuid":"7e86a4fa-fcae-4953-b9bc-d6f328beea48"}`,
    ],
    [
      "an exchange in the field: times as ISO 8601, no kind",
      '{"id":173757,"uuid":"7e86a4fa-fcae-4953-b9bc-d6f328beea48","side":"sell",' +
      '"ord_type":"limit","price":"800000.0","avg_price":"0.0","state":"wait",' +
      '"market":"btczar","created_at":"2023-12-08T08:46:59+01:00",' +
      '"updated_at":"2023-12-08T08:46:59+01:00","origin_volume":"0.00001",' +
      '"remaining_volume":"0.00001","executed_volume":"0.0","trades_count":0}',
    ],
    [
      "zsmartex/finex: a uuid in place of the number",
      '{"uuid":"7e86a4fa-fcae-4953-b9bc-d6f328beea48","market":"btcusd","side":"buy",' +
      '"ord_type":"limit","price":"1020","stop_price":null,"avg_price":"0","state":"wait",' +
      '"origin_volume":"1","remaining_volume":"1","executed_volume":"0","trades_count":0,' +
      '"created_at":"2022-04-02T07:44:39.146Z","updated_at":"2022-04-02T07:44:39.146Z"}',
    ],
  ],
  trade: [
    ["Peatio 1.9", `{${TRADE_2018}}`],
    ["2018, to Peatio 2.2.11", `{${TRADE_2018},"ask_id":21,"bid_id":22}`],
    ["only the user's order", `{${TRADE_2018},"ask_id":null,"bid_id":22}`],
    [
      "Peatio 2.2.12 to 2.3.7",
      '{"id":7,"side":"ask","kind":"ask","price":"1020.0","volume":"0.001","market":"btcusd",' +
      '"at":1588000798,"created_at":1588000798,"ask_id":21}',
    ],
    ["Peatio since 2.3.8", `{${TRADE_LATER}}`],
    ["taker_type empty", `{${with_(TRADE_LATER, "taker_type", '""')}}`],
    [
      "an exchange in the field: fees, times as ISO 8601",
      '{"id":12345,"order_id":173757,"price":"800000.0","amount":"0.00001","total":"8.0",' +
      '"market":"btczar","side":"sell","taker_type":"buy","fee_currency":"zar","fee":"0.002",' +
      '"fee_amount":"0.016","created_at":"2023-12-08T08:47:01+01:00"}',
    ],
    ["as first documented", `{${TRADE_DOCUMENTED},"bid":{${ORDER_DOCUMENTED}},"ask":null}`],
    [
      "as first documented, both orders",
      `{${TRADE_DOCUMENTED},"bid":{${ORDER_DOCUMENTED}},"ask":{${ORDER_DOCUMENTED}}}`,
    ],
  ],
  deposit_address: [
    ["Peatio 1.9 to 2.3", '{"type":"create","attributes":{"currency":"btc","address":"2N4q"}}'],
    ["Peatio 2.4 to 2.5", '{"type":"create","currency":"btc","address":"2N4q"}'],
    ["Peatio 2.6 to 3.0", '{"type":"create","currencies":["btc","eth"],"address":"2N4q"}'],
    [
      "Peatio 3.1",
      '{"type":"create","currencies":["btc"],"blockchain_key":"btc-testnet","address":"2N4q"}',
    ],
    [
      "Peatio 3.1: no blockchain, no currencies",
      '{"type":"create","currencies":[],"blockchain_key":null,"address":"2N4q"}',
    ],
    ["as first documented", '{"currency":"btc","address":"2N4q"}'],
  ],
  balances: [
    ["finex", '{"btc":["0.5","0.1"],"usd":["1000.0","0.0"]}'],
    ["no currency", "{}"],
    ["forks: by name", '{"btc":{"available":"0.5","locked":"0.1"}}'],
    ["forks: one amount", '{"btc":["0.5"]}'],
    ["forks: whatever they like", '{"btc":["0.5","none"],"at":1588000798}'],
  ],
  balance: [
    [
      "an exchange in the field",
      '{"currency":"btc","balance":"0.05000000","locked":"0.00001000",' +
      '"available":"0.04999000","updated_at":1702027621000}',
    ],
    ["nothing", "{}"],
  ],
  withdraw: [
    [
      "bitzlato/peatio",
      '{"id":5,"currency":"btc","type":"coin","amount":"0.1","fee":"0.0005",' +
      '"blockchain_txid":null,"state":"processing","created_at":"2022-04-02T07:44:39Z"}',
    ],
  ],
  deposit: [
    [
      "bitzlato/peatio",
      '{"id":9,"currency":"btc","amount":"0.1","fee":"0.0","txid":"c37ae1677c4c",' +
      '"state":"accepted","transfer_links":[{"title":"web","url":"https://example.com"}]}',
    ],
  ],
});

/** What strict mode must drop. */
export const WRONG: readonly PayloadRow[] = rowsOf({
  "usdbtc.update": [
    ["a side alone", '{"asks":[]}'],
    ["no levels", '{"asks":"1020.0","bids":[]}'],
    ["a level of three", '{"asks":[["1020.0","0.005","1"]],"bids":[]}'],
    ["a price that is not a number", '{"asks":[["cheap","0.005"]],"bids":[]}'],
    ["an empty price", '{"asks":[["","0.005"]],"bids":[]}'],
    ["a list", "[[],[]]"],
  ],
  "usdbtc.trades": [
    ["a list in place of an object", `[{${TRADED},"taker_type":"buy"}]`],
    ["no taker", `{"trades":[{${TRADED}}]}`],
    ["a taker that is not a text", `{"trades":[{${TRADED},"taker_type":5}]}`],
    ["a taker that is null", `{"trades":[{${TRADED},"taker_type":null}]}`],
    [
      "a price that is not a number",
      `{"trades":[{${with_(TRADED, "price", '"1,0"')},"taker_type":"buy"}]}`,
    ],
    ["no price", `{"trades":[{${without(TRADED, "price")},"taker_type":"buy"}]}`],
    ["no amount", `{"trades":[{${without(TRADED, "amount")},"taker_type":"buy"}]}`],
    ["no number", `{"trades":[{${without(TRADED, "tid")},"taker_type":"buy"}]}`],
    ["no time", `{"trades":[{${without(TRADED, "date")},"taker_type":"buy"}]}`],
    ["one good, one bad", `{"trades":[{${TRADED},"taker_type":"buy"},{}]}`],
    ["an object in place of the list", '{"trades":{}}'],
    ["nothing", "{}"],
    ["a text", '"[]"'],
  ],
  "usdbtc.ob-snap": [
    ["a side alone", '{"asks":[["15.0","1"]],"sequence":7}'],
    ["a sequence that is not a number", '{"asks":[],"bids":[],"sequence":"seven"}'],
    ["a sequence that is not whole", '{"asks":[],"bids":[],"sequence":7.5}'],
    ["a sequence that is not whole, as text", '{"asks":[],"bids":[],"sequence":"7.5"}'],
    ["a sequence without end", '{"asks":[],"bids":[],"sequence":1e999}'],
    ["one pair", '{"asks":["15.0","1"],"bids":[],"sequence":7}'],
    ["a text in place of a side", '{"asks":"15.0","bids":[],"sequence":7}'],
    ["an empty price", '{"asks":[["","1"]],"bids":[]}'],
    ["a price that is null", '{"asks":[[null,"1"]],"bids":[]}'],
    ["a count below zero", '{"asks":[["15.0","1",-3]],"bids":[]}'],
    ["a count that is not a number", '{"asks":[["15.0","1","three"]],"bids":[]}'],
    ["a level of four", '{"asks":[["15.0","1",3,4]],"bids":[]}'],
    ["a level that is an object", '{"asks":[{"price":"15.0","amount":"1"}],"bids":[]}'],
  ],
  "usdbtc.ob-inc": [
    ["half a pair", '{"asks":["15.0"],"sequence":8}'],
    ["a pair and a list", '{"asks":["15.0",["16.0","1"]],"sequence":8}'],
    ["an amount that is not a number", '{"asks":["15.0","much"],"sequence":8}'],
    ["an amount that is a space", '{"asks":["15.0"," "],"sequence":8}'],
    ["an amount of NaN", '{"asks":["15.0","NaN"],"sequence":8}'],
    ["an empty price", '{"asks":["","1"],"sequence":8}'],
    ["a price that is null", '{"asks":[null,"1"],"sequence":8}'],
    ["a sequence below zero", '{"asks":["15.0","1"],"sequence":-1}'],
    ["a sequence below zero, as text", '{"asks":["15.0","1"],"sequence":"-1"}'],
    ["a sequence without digits", '{"asks":["15.0","1"],"sequence":""}'],
    ["a count below zero", '{"asks":["15.0","1",-1],"sequence":8}'],
    ["a list", '[["asks",["15.0","1"]]]'],
    ["a text", '"{\\"asks\\":[\\"15.0\\",\\"1\\"]}"'],
  ],
  "usdbtc.kline-15m": [
    ["no volume", "[1537370580,0.1,0.2,0.05,0.15]"],
    ["more than a candle", "[1537370580,0.1,0.2,0.05,0.15,12.5,1]"],
    ["a time that is a date", '["2018-09-19",0.1,0.2,0.05,0.15,12.5]'],
    ["a time that is null", "[null,0.1,0.2,0.05,0.15,12.5]"],
    ["a price that is not a number", '[1537370580,"high",0.2,0.05,0.15,12.5]'],
    ["an empty price", '[1537370580,"",0.2,0.05,0.15,12.5]'],
    ["an object", '{"time":1537370580}'],
    ["a text that is not a candle", '"[]"'],
    ["a text with a candle too short", '"[1537370580,0.1,0.2,0.05,0.15]"'],
  ],
  "global.tickers": [
    ["a list", `[{${TICKER}}]`],
    ["a ticker that is a text", '{"eurusd":"1000.0"}'],
    ["a ticker that is null", '{"eurusd":null}'],
    ["a price that is not a number", `{"eurusd":{${with_(TICKER, "last", '"+0.00%"')}}}`],
    ["a price that is an object", '{"eurusd":{"last":{}}}'],
    ["an empty price", '{"eurusd":{"last":""}}'],
    ["a name that is a number", '{"eurusd":{"name":5}}'],
  ],
  order: [
    ["another side", `{${with_(ORDER_LATER, "side", '"hold"')}}`],
    ["another side, as first documented", `{${with_(ORDER_DOCUMENTED, "side", '"hold"')}}`],
    ["a type that is a number", `{${with_(ORDER_LATER, "ord_type", "1")}}`],
    ["a state that is a number", `{${with_(ORDER_LATER, "state", "100")}}`],
    [
      "a state that is null, as in 2018",
      `{${with_(ORDER_2018, "state", "null")},"volume":"0.001","origin_volume":"0.001"}`,
    ],
    ["no id", `{${without(ORDER_LATER, "id")}}`],
    ["no price", `{${without(ORDER_LATER, "price")}}`],
    ["no market", `{${without(ORDER_2018, "market")},"volume":"1.0","origin_volume":"2.5"}`],
    ["a volume that is not a number", `{${ORDER_2018},"volume":"many","origin_volume":"2.5"}`],
    ["neither volume nor what remains", `{${ORDER_2018},"origin_volume":"2.5"}`],
    ["a market that is an object", `{${with_(ORDER_LATER, "market", '{"id":"btcusd"}')}}`],
    ["a count that is not whole", `{${with_(ORDER_LATER, "trades_count", "1.5")}}`],
    ["an id and a state", '{"id":1,"state":"lost"}'],
    ["a list", `[{${ORDER_LATER}}]`],
    ["a text", '"wait"'],
  ],
  trade: [
    ["no price", `{${without(TRADE_LATER, "price")}}`],
    ["no price, as in 2018", `{${without(TRADE_2018, "price")}}`],
    ["another kind", `{${with_(TRADE_2018, "kind", '"buy"')}}`],
    ["another side", `{${with_(TRADE_LATER, "side", '"bid"')}}`],
    ["a taker that is null", `{${with_(TRADE_LATER, "taker_type", "null")}}`],
    ["an order that is a text", `{${TRADE_DOCUMENTED},"bid":"22","ask":null}`],
    ["nothing", "{}"],
  ],
  deposit_address: [
    ["no address", '{"currency":"btc"}'],
    ["no currency", '{"type":"create","address":"2N4q"}'],
    ["an address that is a number", '{"currency":"btc","address":5}'],
    ["currencies that are a text", '{"type":"create","currencies":"btc","address":"2N4q"}'],
    ["attributes without an address", '{"type":"create","attributes":{"currency":"btc"}}'],
    ["attributes that are a text", '{"type":"create","attributes":"btc 2N4q"}'],
  ],
  balances: [["a list", '[["btc","0.5","0.1"]]'], ["a text", '"0.5"'], ["null", "null"]],
  balance: [["a list", '["btc","0.5"]'], ["a number", "0.5"]],
  withdraw: [["a list", "[]"], ["a text", '"done"']],
  deposit: [["a list", "[]"], ["null", "null"]],
});

/** Private events have one word. */
export function scopeOf({ stream }: PayloadRow): "public" | "private" {
  return stream.includes(".") ? "public" : "private";
}
