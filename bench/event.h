/* What publish and wslimit send and wsload checks: one event of an exact size, and the clock. */
#ifndef BENCH_EVENT_H
#define BENCH_EVENT_H

#include <inttypes.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

enum { EVENT_MIN = 184, EVENT_MAX = 60000 };

static inline uint64_t now_ns(clockid_t clock) {
  struct timespec t;
  clock_gettime(clock, &t);
  return (uint64_t)t.tv_sec * 1000000000ull + (uint64_t)t.tv_nsec;
}

/* Writes one trades event of exactly `size` bytes (EVENT_MIN..EVENT_MAX) and no terminating zero.
 * `seq` counts the events of one stream from 1 on, `ts` is nanoseconds since the epoch. Both stand
 * first, so that a checker finds them without a search; the rest is what an exchange publishes. */
static inline void write_event(char *out, int size, uint64_t seq, uint64_t ts) {
  int n = sprintf(out,
                  "{\"seq\":%" PRIu64 ",\"ts\":%" PRIu64 ",\"trades\":[{\"tid\":%" PRIu64
                  ",\"taker_type\":\"buy\",\"date\":%" PRIu64
                  ",\"price\":\"1020.0\",\"amount\":\"0.001\"}],\"pad\":\"",
                  seq, ts, seq, (uint64_t)(ts / 1000000000));
  memset(out + n, 'x', (size_t)(size - n - 2));
  memcpy(out + size - 2, "\"}", 2);
}

#endif
