/* What wsload checks: frames, envelopes and sequence numbers of one connection. */
#ifndef BENCH_WSCHECK_H
#define BENCH_WSCHECK_H

#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <unistd.h>

#include "event.h"

enum { STREAMS_MAX = 64, NAME_MAX_BYTES = 120, FRAME_MAX = 1 << 20 };

/* One path's streams, shared by all the connections that ask for it. */
typedef struct {
  char *path;
  int count;
  struct {
    char name[NAME_MAX_BYTES], envelope[NAME_MAX_BYTES + 8];
    size_t length; /* of the envelope */
    /* of the snapshots that a stream of increments brings as well; length 0: it is none */
    char snapshot[NAME_MAX_BYTES + 8];
    size_t snapshot_length;
    char unnumbered; /* carries no seq: klines, whose number is their time */
    char whole; /* each event is the whole value: a connection may begin with an earlier one */
  } stream[STREAMS_MAX];
} Route;

/* In place of a number: before the first event of a stream, and after an earlier value of it. */
#define NOTHING UINT64_MAX
#define EARLIER (UINT64_MAX - 1)

enum state { UNTRIED, CONNECTING, HANDSHAKING, SUBSCRIBING, OPEN, OVER };

typedef struct {
  int fd, index;
  enum state state;
  int served; /* streams of increments that have their snapshot */
  Route *route;
  uint64_t *last;       /* per stream: the number that came last, NOTHING before the first */
  uint64_t *target;     /* per stream: the number published last, once it is known */
  unsigned char *rest;  /* what a read cut: the beginning of a frame, or of a message */
  size_t restn, restcap;
  uint64_t frames;      /* in the window */
  uint32_t segments;    /* of TCP that brought data, before the window */
  uint64_t need;        /* --protocol nats: payload of the frame that is still to come */
  unsigned char head[14];
  int headn, aside;     /* of a frame that a read cut; whether it is a control frame */
} Conn;

/* Everything a server can do wrong. */
#define VIOLATIONS(X) \
  X(masked) X(reserved) X(fragmented) X(opcode) X(length) X(control) \
  X(envelope) X(unnumbered) X(gap) X(repeated) X(resync) X(protocol)
#define AS_ENUM(name) V_##name,
#define AS_TEXT(name) #name,
enum { VIOLATIONS(AS_ENUM) V_COUNT };
static const char *const violation_name[] = {VIOLATIONS(AS_TEXT)};

static struct {
  uint64_t violation[V_COUNT], missing, events, window_events, answers, snapshots, served, resumed, pings, closes;
  char first_violation[200], refusal[100];
  int first_close; /* its code */
  int measuring, bare, deflate;
  unsigned sample; /* the latency of every sample-th event is measured */
  uint64_t from; /* what the first number must be; 0: whatever comes */
  uint64_t *latency;
  size_t latencies, latency_room;
  unsigned until_sample;
} tally;

static void violation(int kind, const unsigned char *at, size_t n, const char *format, ...) {
  if (!tally.violation[kind]++ && !tally.first_violation[0]) {
    char *out = tally.first_violation, text[64];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    int k = snprintf(out, 100, "%s: %s: ", violation_name[kind], text);
    for (size_t i = 0; i < n && i < 80; i++) {
      int printable = at[i] >= 32 && at[i] < 127 && at[i] != '"' && at[i] != '\\';
      out[k++] = printable ? (char)at[i] : at[i] == '"' ? '\'' : '.';
    }
    out[k] = 0;
  }
}

/* The number behind `"key":`, or -1. Looks at `hint` first, where our own events have it. */
static int number_after(const unsigned char *p, size_t n, size_t hint, const char *key, size_t keyn,
                        uint64_t *value) {
  const unsigned char *q = hint + keyn <= n && !memcmp(p + hint, key, keyn) ? p + hint : NULL;
  if (!q && !(q = memmem(p, n, key, keyn))) return -1;
  const unsigned char *end = p + n;
  q += keyn;
  if (q == end || *q < '0' || *q > '9') return -1;
  uint64_t v = 0;
  while (q < end && *q >= '0' && *q <= '9') v = v * 10 + (uint64_t)(*q++ - '0');
  *value = v;
  return 0;
}

static void sample_latency(const unsigned char *p, size_t n) {
  uint64_t ts, now = now_ns(CLOCK_REALTIME);
  if (number_after(p, n, n, "\"ts\":", 5, &ts) || now < ts) return;
  if (tally.latencies == tally.latency_room) {
    tally.latency_room = tally.latency_room ? tally.latency_room * 2 : 65536;
    tally.latency = realloc(tally.latency, tally.latency_room * sizeof *tally.latency);
    if (!tally.latency) abort();
  }
  tally.latency[tally.latencies++] = now - ts;
}

/* The number of an event of this stream; -1 for other events. */
static int number_of(const Route *r, int s, const unsigned char *p, size_t n, size_t body, uint64_t *seq) {
  if (!r->stream[s].unnumbered) return number_after(p, n, body + 1, "\"seq\":", 6, seq);
  if (number_after(p, n, body, "[", 1, seq) || *seq < KLINE_EPOCH || (*seq - KLINE_EPOCH) % KLINE_PERIOD) return -1;
  *seq = (*seq - KLINE_EPOCH) / KLINE_PERIOD;
  return 0;
}

/* Whether this is the value that the stream had before the first event that is counted: servers send
 * it once to each new subscriber. */
static int is_earlier_value(const Conn *c, int s, const unsigned char *p, size_t n, size_t body) {
  uint64_t seq;
  return c->route->stream[s].whole && !tally.deflate && tally.from && c->last[s] == NOTHING &&
         !number_of(c->route, s, p, n, body, &seq) && seq != tally.from;
}

/* An event of stream s, whose payload begins at p[body]. */
static void check_numbered(Conn *c, int s, const unsigned char *p, size_t n, size_t body) {
  if (is_earlier_value(c, s, p, n, body)) {
    c->last[s] = EARLIER;
    return;
  }
  tally.events++;
  if (tally.measuring) {
    c->frames++, tally.window_events++;
    if (!tally.until_sample--) tally.until_sample = tally.sample - 1, sample_latency(p, n);
  }
  if (tally.deflate) return; /* some of the stream's numbers are in compressed events */
  uint64_t seq, last = c->last[s];
  if (number_of(c->route, s, p, n, body, &seq)) {
    violation(V_unnumbered, p, n, "no number");
    return;
  }
  if (last >= EARLIER) last = tally.from ? tally.from - 1 : seq - 1;
  if (seq > last + 1) {
    tally.missing += seq - last - 1;
    violation(V_gap, p, n, "%" PRIu64 " after %" PRIu64, seq, last);
  } else if (seq <= last) {
    violation(V_repeated, p, n, "%" PRIu64 " after %" PRIu64, seq, last);
    return;
  }
  c->last[s] = seq;
}

/* The state that the increments of stream s go on from; one is due, when a connection begins. */
static void check_snapshot(Conn *c, int s, const unsigned char *p, size_t n) {
  uint64_t sequence;
  size_t tail = n < 100 ? 0 : n - 100; /* a cursor may follow */
  tally.snapshots++;
  if (number_after(p + tail, n - tail, n, "\"sequence\":", 11, &sequence)) {
    violation(V_unnumbered, p + tail, n - tail, "a snapshot without a sequence");
    return;
  }
  if (c->last[s] == NOTHING) {
    int due = 0;
    for (int i = 0; i < c->route->count; i++) due += c->route->stream[i].snapshot_length > 0;
    if (++c->served == due) tally.served++;
  } else {
    violation(V_resync, p, n, "sequence %" PRIu64 " at %" PRIu64, sequence, c->last[s]);
  }
  c->last[s] = sequence;
}

/* A compressed event: what is in it is not looked at, nor whose it is. */
static void count_compressed(Conn *c) {
  tally.events++;
  if (tally.measuring) c->frames++, tally.window_events++;
}

/* One whole text payload. */
static void check_event(Conn *c, const unsigned char *p, size_t n) {
  const Route *r = c->route;
  if (tally.bare) {
    check_numbered(c, 0, p, n, 0);
    return;
  }
  for (int s = 0; s < r->count; s++) {
    size_t length = r->stream[s].length, other = r->stream[s].snapshot_length;
    if (n > length && !memcmp(p, r->stream[s].envelope, length)) {
      if (p[n - 1] != '}') violation(V_envelope, p + n - (n < 40 ? n : 40), n < 40 ? n : 40, "not closed");
      check_numbered(c, s, p, n, length);
      return;
    }
    if (other && n > other && !memcmp(p, r->stream[s].snapshot, other)) {
      check_snapshot(c, s, p, n);
      return;
    }
  }
  if (n > 11 && !memcmp(p, "{\"success\":", 11)) {
    tally.answers++;
    tally.resumed += n > 31 && !memcmp(p + 11, "{\"message\":\"resumed\"", 20);
  } else violation(V_envelope, p, n, "no stream of %.40s", r->path);
}

static void check_control(Conn *c, int opcode, const unsigned char *p, size_t n) {
  if (opcode == 9) {
    unsigned char pong[6 + 125] = {0x8a, 0x80 | (unsigned char)n, 0, 0, 0, 0};
    memcpy(pong + 6, p, n);
    tally.pings++;
    if (write(c->fd, pong, 6 + n) < 0) return; /* a full or dead socket shows elsewhere */
  } else if (opcode == 8) {
    if (!tally.closes++) tally.first_close = n >= 2 ? p[0] << 8 | p[1] : 1005;
  }
}

/* Checks the whole frames in p[0..n) and says how many bytes they took; SIZE_MAX when what follows
 * cannot be separated any more and the connection is useless. */
static size_t check_frames(Conn *c, const unsigned char *p, size_t n,
                           void (*check_text)(Conn *, const unsigned char *, size_t)) {
  size_t at = 0;
  while (n - at >= 2) {
    const unsigned char *f = p + at;
    int opcode = f[0] & 15, masked = f[1] >> 7, bad = 0;
    uint64_t length = f[1] & 127;
    size_t head = length == 126 ? 4 : length == 127 ? 10 : 2;
    if (n - at < head + 4u * (unsigned)masked) break;
    if (head == 4) {
      length = (uint64_t)f[2] << 8 | f[3];
      bad = length < 126;
    } else if (head == 10) {
      length = 0;
      for (int i = 2; i < 10; i++) length = length << 8 | f[i];
      bad = length < 65536;
    }
    if (bad || length > FRAME_MAX) violation(V_length, f, head, "%" PRIu64 " bytes", length);
    if (length > FRAME_MAX) return SIZE_MAX;
    if (masked) head += 4;
    if (n - at - head < length) break;
    at += head + length;
    int compressed = tally.deflate && opcode == 1 && f[0] & 0x40; /* RFC 7692 section 6 */
    if (f[0] & (compressed ? 0x30 : 0x70)) violation(V_reserved, f + head, length, "bits %d", f[0] >> 4 & 7);
    if (masked) {
      violation(V_masked, f + head, length, "a server does not mask");
    } else if (opcode & 8) {
      if (!(f[0] & 0x80) || length > 125 || opcode > 10)
        violation(V_control, f + head, length, "opcode %d", opcode);
      else check_control(c, opcode, f + head, length);
    } else if (!(f[0] & 0x80) || opcode == 0) {
      violation(V_fragmented, f + head, length, "opcode %d", opcode);
    } else if (opcode != 1) {
      violation(V_opcode, f + head, length, "opcode %d", opcode);
    } else if (compressed) {
      count_compressed(c);
    } else {
      check_text(c, f + head, length);
    }
  }
  return at;
}

#endif
