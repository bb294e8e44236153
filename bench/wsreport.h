/* What wsload says in the end. */
#ifndef BENCH_WSREPORT_H
#define BENCH_WSREPORT_H

#include "wsopen.h"

/* TCP segments are counted for every n-th connection. */
enum { SEGMENTS_EVERY = 16 };

static uint64_t window_bytes;

static int by_value(const void *a, const void *b) {
  uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
  return x < y ? -1 : x > y;
}

/* Whether every open connection has what was published last; `lost`: what never came, if wanted. */
static int complete(const Conn *cs, int n, uint64_t *lost) {
  int all = 1;
  for (int i = 0; i < n; i++)
    for (int s = 0; s < cs[i].route->count; s++) {
      uint64_t target = cs[i].target[s], last = cs[i].last[s];
      if (last >= EARLIER) last = tally.from ? tally.from - 1 : target;
      if (last >= target) continue;
      if (cs[i].state == OPEN) all = 0;
      if (lost) *lost += target - last;
    }
  return all;
}

/* Segments of TCP that brought data: where the server does not hold small writes back and the client
 * keeps up, that is how often it wrote. */
static uint32_t segments(const Conn *c) {
  struct tcp_info info;
  socklen_t size = sizeof info;
  memset(&info, 0, sizeof info);
  return getsockopt(c->fd, IPPROTO_TCP, TCP_INFO, &info, &size) ? 0 : info.tcpi_data_segs_in;
}

static double per_segment; /* frames */
static void count_segments(Conn *cs, int n, int end) {
  uint64_t frames = 0, segs = 0;
  for (int i = 0; i < n; i += SEGMENTS_EVERY) {
    if (cs[i].state != OPEN) continue;
    if (end) frames += cs[i].frames, segs += segments(&cs[i]) - cs[i].segments;
    else cs[i].segments = segments(&cs[i]);
  }
  if (end && segs) per_segment = (double)frames / (double)segs;
}

static int report(const Conn *cs, int n, double connect_s, double served_s, double resumed_s, double window, double cpu) {
  uint64_t *per = calloc((size_t)n + 1, sizeof *per), tail = 0, violations = 0;
  int open = 0;
  for (int i = 0; i < n; i++) per[i] = cs[i].frames, open += cs[i].state == OPEN;
  qsort(per, (size_t)n, sizeof *per, by_value);
  qsort(tally.latency, tally.latencies, sizeof *tally.latency, by_value);
  complete(cs, n, &tail);
  size_t k = tally.latencies;
  const uint64_t *l = tally.latency;
  printf("{\"connections\":%d,\"connected\":%d,\"open_at_end\":%d,\"connect_s\":%.3f,\"retried\":%" PRIu64 ",\"refusal\":\"%s\","
         "\"snapshots\":%" PRIu64 ",\"served\":%" PRIu64 ",\"served_s\":%.3f,"
         "\"resumed\":%" PRIu64 ",\"resumed_s\":%.3f,\"window_s\":%.3f,",
         n, opening.opened, open, connect_s, retried, tally.refusal, tally.snapshots, tally.served, served_s,
         tally.resumed, resumed_s, window);
  printf("\"frames\":%" PRIu64 ",\"frames_per_s\":%.0f,\"bytes_per_s\":%.0f,\"frames_total\":%" PRIu64
         ",\"frames_per_connection\":[%" PRIu64 ",%" PRIu64 ",%" PRIu64 "],\"frames_per_segment\":%.2f,"
         "\"latency\":{\"samples\":%zu,\"p50_ms\":%.3f,\"p99_ms\":%.3f,\"max_ms\":%.3f},\"violations\":{",
         tally.window_events, window > 0 ? (double)tally.window_events / window : 0,
         window > 0 ? (double)window_bytes / window : 0, tally.events, per[0], per[n / 2], per[n ? n - 1 : 0],
         per_segment, k, k ? (double)l[k / 2] / 1e6 : 0, k ? (double)l[k * 99 / 100] / 1e6 : 0,
         k ? (double)l[k - 1] / 1e6 : 0);
  for (int v = 0; v < V_COUNT; v++) {
    printf("%s\"%s\":%" PRIu64, v ? "," : "", violation_name[v], tally.violation[v]);
    violations += tally.violation[v];
  }
  printf("},\"violations_total\":%" PRIu64 ",\"first_violation\":\"%s\",\"missing\":%" PRIu64
         ",\"answers\":%" PRIu64 ",\"pings\":%" PRIu64 ",\"closes\":%" PRIu64
         ",\"first_close_code\":%d,\"cut\":%" PRIu64 ",\"cpu\":%.3f}\n",
         violations, tally.first_violation, tally.missing + tail, tally.answers, tally.pings, tally.closes,
         tally.first_close, cut, window > 0 ? cpu / window : 0);
  fclose(stdout); /* the reader need not wait for the closing handshakes */
  return !opening.opened ? 1 : violations ? 3 : 0;
}

#endif
