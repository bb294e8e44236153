/* What publish and wslimit send and wsload checks: events as an exchange publishes them, and the clock.
 *
 * Each carries the number of the event within its stream, from 1 on, and, but for klines, the time
 * of its sending. Both stand first, so that a checker finds them without a search. */
#ifndef BENCH_EVENT_H
#define BENCH_EVENT_H

#include <inttypes.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "book.h"

enum { EVENT_MIN = 184, EVENT_MAX = 60000 };

/* The first of a stream's klines is this long after the epoch, each next one a minute later. */
enum { KLINE_EPOCH = 1500000000, KLINE_PERIOD = 60 };

#define KINDS(X) X(trades) X(ob_inc) X(kline) X(tickers) X(order) X(trade)
#define AS_KIND(name) KIND_##name,
enum kind { KINDS(AS_KIND) KIND_COUNT };

static inline uint64_t now_ns(clockid_t clock) {
  struct timespec t;
  clock_gettime(clock, &t);
  return (uint64_t)t.tv_sec * 1000000000ull + (uint64_t)t.tv_nsec;
}

/* Closes the object of n bytes; filled up to `size` bytes where there is room for the filling. */
static inline int close_event(char *out, int n, int size) {
  if (size - n >= 10) {
    memcpy(out + n, ",\"pad\":\"", 8);
    memset(out + n + 8, 'x', (size_t)(size - n - 10));
    memcpy(out + size - 2, "\"}", 2);
    return size;
  }
  out[n] = '}';
  return n + 1;
}

/* Trades of a market; exactly `size` bytes from EVENT_MIN on. */
static inline int write_trades(char *out, int size, uint64_t seq, uint64_t ts) {
  int n = sprintf(out,
                  "{\"seq\":%" PRIu64 ",\"ts\":%" PRIu64 ",\"trades\":[{\"tid\":%" PRIu64
                  ",\"taker_type\":\"buy\",\"date\":%" PRIu64
                  ",\"price\":\"1020.0\",\"amount\":\"0.001\"}]",
                  seq, ts, seq, (uint64_t)(ts / 1000000000));
  return close_event(out, n, size);
}

/* The change of an order book that is due. */
static inline int write_increment(char *out, int size, uint64_t seq, uint64_t ts, Book *book) {
  char level[LEVEL_MAX];
  int side = publish_change(book, seq, level);
  int n = sprintf(out, "{\"seq\":%" PRIu64 ",\"ts\":%" PRIu64 ",\"%s\":%s,\"sequence\":%" PRIu64, seq, ts,
                  side ? "bids" : "asks", level, seq);
  return close_event(out, n, size);
}

/* Time, open, high, low, close, volume: its number is its time. */
static inline int write_kline(char *out, uint64_t seq) {
  unsigned v = (unsigned)(seq * 7919 % 900000);
  return sprintf(out, "[%" PRIu64 ",31020.0%06u,31020.9%06u,31019.8%06u,31020.4%06u,153.5%06u]",
                 (uint64_t)KLINE_EPOCH + seq * KLINE_PERIOD, v, v, v, v, v);
}

/* All markets in one event: as many of about 300 bytes as `size` holds, then filled up. */
static inline int write_tickers(char *out, int size, uint64_t seq, uint64_t ts) {
  int n = sprintf(out, "{\"seq\":%" PRIu64 ",\"ts\":%" PRIu64, seq, ts);
  for (int market = 0; n + 340 < size; market++)
    n += sprintf(out + n,
                 ",\"m%d\":{\"name\":\"M%d/USD\",\"base_unit\":\"m%d\",\"quote_unit\":\"usd\",\"low\":\"1000.0\","
                 "\"high\":\"10000.0\",\"last\":\"1000.0\",\"open\":\"1000.0\",\"volume\":\"%" PRIu64 ".0\","
                 "\"amount\":\"153.5\",\"avg_price\":\"1001.25\",\"price_change_percent\":\"+0.00%%\","
                 "\"sell\":\"1020.0\",\"buy\":\"1000.0\",\"at\":%" PRIu64 "}",
                 market, market, market, seq, (uint64_t)(ts / 1000000000));
  return close_event(out, n, size);
}

/* A user's order, and a user's trade. */
static inline int write_order(char *out, int size, uint64_t seq, uint64_t ts) {
  uint64_t at = ts / 1000000000;
  int n = sprintf(out,
                  "{\"seq\":%" PRIu64 ",\"ts\":%" PRIu64 ",\"id\":%" PRIu64
                  ",\"market\":\"usdbtc\",\"kind\":\"bid\",\"side\":\"buy\",\"ord_type\":\"limit\",\"price\":\"1020.0\","
                  "\"avg_price\":\"1020.0\",\"state\":\"wait\",\"origin_volume\":\"0.5\",\"remaining_volume\":\"0.25\","
                  "\"executed_volume\":\"0.25\",\"at\":%" PRIu64 ",\"created_at\":%" PRIu64 ",\"updated_at\":%" PRIu64
                  ",\"trades_count\":1",
                  seq, ts, seq, at, at, at);
  return close_event(out, n, size);
}
static inline int write_trade(char *out, int size, uint64_t seq, uint64_t ts) {
  int n = sprintf(out,
                  "{\"seq\":%" PRIu64 ",\"ts\":%" PRIu64 ",\"id\":%" PRIu64
                  ",\"price\":\"1020.0\",\"amount\":\"0.25\",\"total\":\"255.0\",\"market\":\"usdbtc\",\"side\":\"buy\","
                  "\"taker_type\":\"buy\",\"created_at\":%" PRIu64 ",\"order_id\":%" PRIu64,
                  seq, ts, seq, (uint64_t)(ts / 1000000000), seq);
  return close_event(out, n, size);
}

/* Writes one event, says how long it is, and leaves no terminating zero. `size` 0: as it comes. */
static inline int write_event(char *out, enum kind kind, int size, uint64_t seq, uint64_t ts, Book *book) {
  switch (kind) {
    case KIND_ob_inc: return write_increment(out, size, seq, ts, book);
    case KIND_kline: return write_kline(out, seq);
    case KIND_tickers: return write_tickers(out, size, seq, ts);
    case KIND_order: return write_order(out, size, seq, ts);
    case KIND_trade: return write_trade(out, size, seq, ts);
    default: return write_trades(out, size, seq, ts);
  }
}

#endif
