/* publish: sends events to a topic exchange at a steady rate, over AMQP 0-9-1.
 *
 *   cc -O2 -Wall -Wextra -o bin/publish publish.c
 *   publish [--bytes 200] [--tick MS] amqp://user:password@host:port EXCHANGE RATE SECONDS KEY...
 *   publish amqp://guest:guest@127.0.0.1:5672 peatio.events.ranger 1000 5 public.usdbtc.trades
 *
 * RATE is events a second over all KEYs together, which take turns; each key's events are numbered
 * by themselves from 1 on ("seq"), and carry the time of their sending in nanoseconds since the
 * epoch ("ts"). The exchange is declared passively first, then, where it is missing, as a topic
 * exchange, not durable. What falls due within a tick (1 ms) goes out with one write.
 *
 * It does not hide that it could not keep up: "max_late_ms" is the longest that an event waited
 * for its sending, and "fell_behind" is true when that was over 100 ms or an event was not sent.
 *
 * On standard output one line of JSON, once the broker has confirmed the end of the channel, that
 * is, has taken every event. Exit: 0, 1 when the broker refused or went away, 2 usage.
 * In C because it shares a core with the broker and the load generator: about 3 us an event.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <getopt.h>
#include <netdb.h>
#include <netinet/tcp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "event.h"

enum { KEYS_MAX = 4096, OUT_MAX = 4 << 20 };

static int fd;
static unsigned char out[OUT_MAX + EVENT_MAX + 1024];
static size_t outn;

static void fail(const char *format, ...) {
  va_list arguments;
  va_start(arguments, format);
  fprintf(stderr, "publish: ");
  vfprintf(stderr, format, arguments);
  fprintf(stderr, "\n");
  exit(1);
}

static void put8(unsigned v) { out[outn++] = (unsigned char)v; }
static void put16(unsigned v) { put8(v >> 8), put8(v); }
static void put32(unsigned v) { put16(v >> 16), put16(v); }
static void put_short(const char *s) {
  size_t n = strlen(s);
  put8((unsigned)n);
  memcpy(out + outn, s, n);
  outn += n;
}
static void put_long(const void *s, size_t n) {
  put32((unsigned)n);
  memcpy(out + outn, s, n);
  outn += n;
}

/* A frame's head is written with a length of 0, which end_frame puts right. */
static size_t begin_frame(unsigned type, unsigned channel) {
  put8(type), put16(channel), put32(0);
  return outn;
}
static void end_frame(size_t body) {
  unsigned n = (unsigned)(outn - body);
  for (int i = 0; i < 4; i++) out[body - 4 + (size_t)i] = (unsigned char)(n >> (24 - 8 * i));
  put8(0xce);
}
static size_t begin_method(unsigned channel, unsigned class, unsigned method) {
  size_t body = begin_frame(1, channel);
  put16(class), put16(method);
  return body;
}

static void flush(void) {
  for (size_t at = 0; at < outn;) {
    ssize_t w = write(fd, out + at, outn - at);
    if (w < 0 && errno == EINTR) continue;
    if (w <= 0) fail("the broker went away: %s", strerror(errno));
    at += (size_t)w;
  }
  outn = 0;
}

/* Reads frames up to the next method and returns class << 16 | method; its arguments in *at. */
static unsigned char frame[1 << 18];
static unsigned read_method(unsigned char **at) {
  for (;;) {
    unsigned char head[7];
    size_t got = 0, want = sizeof head, body = 0;
    while (got < want) {
      ssize_t r = read(fd, got < 7 ? head + got : frame + got - 7, want - got);
      if (r <= 0) fail("the broker closed the connection (wrong user, password or virtual host?)");
      got += (size_t)r;
      if (got == 7 && want == 7) {
        body = (size_t)head[3] << 24 | (size_t)head[4] << 16 | (size_t)head[5] << 8 | head[6];
        if (body + 1 > sizeof frame) fail("the broker does not speak AMQP 0-9-1");
        want = 7 + body + 1;
      }
    }
    if (head[0] != 1) continue;
    *at = frame + 4;
    return (unsigned)frame[0] << 24 | (unsigned)frame[1] << 16 | (unsigned)frame[2] << 8 | frame[3];
  }
}

enum {
  CONNECTION_START = 10 << 16 | 10, CONNECTION_TUNE = 10 << 16 | 30, CONNECTION_OPEN_OK = 10 << 16 | 41,
  CONNECTION_CLOSE = 10 << 16 | 50, CONNECTION_CLOSE_OK = 10 << 16 | 51,
  CHANNEL_OPEN_OK = 20 << 16 | 11, CHANNEL_CLOSE = 20 << 16 | 40, CHANNEL_CLOSE_OK = 20 << 16 | 41,
  EXCHANGE_DECLARE_OK = 40 << 16 | 11
};

static void expect(unsigned wanted) {
  unsigned char *at;
  unsigned method = read_method(&at);
  if (method == wanted) return;
  if (method == CONNECTION_CLOSE || method == CHANNEL_CLOSE)
    fail("the broker refused: %.*s", (int)at[2], (char *)at + 3);
  fail("method %u.%u came where %u.%u was due", method >> 16, method & 0xffff, wanted >> 16, wanted & 0xffff);
}

static void open_channel(void) {
  size_t b = begin_method(1, 20, 10);
  put_short("");
  end_frame(b), flush();
  expect(CHANNEL_OPEN_OK);
}

static void declare_exchange(const char *name, int passive) {
  size_t b = begin_method(1, 40, 10);
  put16(0), put_short(name), put_short("topic"), put8((unsigned)passive), put32(0);
  end_frame(b), flush();
}

static void connect_to(const char *url, const char *exchange) {
  char user[128] = "guest", password[128] = "guest", host[256] = "127.0.0.1", port[8] = "5672", vhost[128] = "";
  const char *at = strncmp(url, "amqp://", 7) ? NULL : strchr(url, '@');
  if (at) sscanf(url + 7, "%127[^:@]:%127[^@]", user, password);
  sscanf(at ? at + 1 : url + 7 * !strncmp(url, "amqp://", 7), "%255[^:/]:%7[0-9]/%127s", host, port, vhost);
  if (!vhost[0] || !strcmp(vhost, "%2f") || !strcmp(vhost, "%2F")) strcpy(vhost, "/");

  struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_family = AF_INET}, *found;
  if (getaddrinfo(host, port, &hints, &found)) fail("%s: no such host", host);
  fd = socket(found->ai_family, SOCK_STREAM, 0);
  if (connect(fd, found->ai_addr, found->ai_addrlen)) fail("%s:%s: %s", host, port, strerror(errno));
  freeaddrinfo(found);
  int one = 1;
  setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);

  char plain[260];
  int n = snprintf(plain, sizeof plain, "%c%s%c%s", 0, user, 0, password);
  memcpy(out, "AMQP\0\0\11\1", 8), outn = 8, flush();
  expect(CONNECTION_START);
  size_t b = begin_method(0, 10, 11);
  put32(0), put_short("PLAIN"), put_long(plain, (size_t)n), put_short("en_US");
  end_frame(b), flush();

  unsigned char *tune;
  unsigned method = read_method(&tune);
  if (method != CONNECTION_TUNE) fail("the broker refused user %s", user);
  b = begin_method(0, 10, 31);
  memcpy(out + outn, tune, 6), outn += 6; /* channels and frame size as the broker wants them */
  put16(0);                               /* no heartbeats */
  end_frame(b);
  b = begin_method(0, 10, 40);
  put_short(vhost), put_short(""), put8(0);
  end_frame(b), flush();
  expect(CONNECTION_OPEN_OK);

  open_channel();
  declare_exchange(exchange, 1);
  unsigned char *reason;
  method = read_method(&reason);
  if (method == CHANNEL_CLOSE) { /* missing: a failed passive declaration costs the channel */
    b = begin_method(1, 20, 41);
    end_frame(b);
    open_channel();
    declare_exchange(exchange, 0);
    expect(EXCHANGE_DECLARE_OK);
  } else if (method != EXCHANGE_DECLARE_OK) {
    fail("the exchange could not be declared");
  }
}

static void put_event(const char *exchange, const char *key, int size, uint64_t seq) {
  size_t b = begin_method(1, 60, 40);
  put16(0), put_short(exchange), put_short(key), put8(0);
  end_frame(b);
  b = begin_frame(2, 1);
  put16(60), put16(0), put32(0), put32((unsigned)size), put16(0);
  end_frame(b);
  b = begin_frame(3, 1);
  write_event((char *)out + outn, size, seq, now_ns(CLOCK_REALTIME)), outn += (size_t)size;
  end_frame(b);
}

int main(int ac, char **av) {
  static const struct option options[] = {{"bytes", 1, 0, 'b'}, {"tick", 1, 0, 't'}, {0, 0, 0, 0}};
  int size = 200, o;
  double tick = 1;
  while ((o = getopt_long(ac, av, "+", options, NULL)) != -1) {
    if (o == 'b') size = atoi(optarg);
    else if (o == 't') tick = atof(optarg);
    else return 2;
  }
  int keyn = ac - optind - 4;
  if (keyn < 1 || keyn > KEYS_MAX || size < EVENT_MIN || size > EVENT_MAX) {
    fprintf(stderr, "usage: publish [--bytes %d..%d] [--tick MS] amqp://user:password@host:port EXCHANGE RATE SECONDS KEY...\n",
            EVENT_MIN, EVENT_MAX);
    return 2;
  }
  const char *exchange = av[optind + 1];
  char **keys = av + optind + 4;
  double rate = atof(av[optind + 2]), seconds = atof(av[optind + 3]);
  uint64_t wanted = (uint64_t)(rate * seconds), sent = 0;
  connect_to(av[optind], exchange);

  uint64_t begin = now_ns(CLOCK_MONOTONIC), wake = begin, max_late = 0;
  /* an end to catching up: what is not out a second after the time is not sent at all */
  uint64_t limit = begin + (uint64_t)((seconds + 1) * 1e9);
  while (sent < wanted) {
    uint64_t now = now_ns(CLOCK_MONOTONIC);
    if (now > limit) break;
    uint64_t due = (uint64_t)((double)(now - begin) / 1e9 * rate);
    if (due > wanted) due = wanted;
    if (sent < due) {
      uint64_t late = now - begin - (uint64_t)((double)(sent + 1) / rate * 1e9);
      if ((int64_t)late > (int64_t)max_late) max_late = late;
    }
    while (sent < due && outn < OUT_MAX) {
      put_event(exchange, keys[sent % (uint64_t)keyn], size, sent / (uint64_t)keyn + 1);
      sent++;
    }
    flush();
    wake += (uint64_t)(tick * 1e6);
    if (wake < now) wake = now;
    struct timespec at = {(time_t)(wake / 1000000000), (long)(wake % 1000000000)};
    clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &at, NULL);
  }
  double took = (double)(now_ns(CLOCK_MONOTONIC) - begin) / 1e9;

  size_t b = begin_method(1, 20, 40);
  put16(200), put_short("done"), put16(0), put16(0);
  end_frame(b), flush();
  expect(CHANNEL_CLOSE_OK);
  b = begin_method(0, 10, 50);
  put16(200), put_short("done"), put16(0), put16(0);
  end_frame(b), flush();
  expect(CONNECTION_CLOSE_OK);

  struct rusage r;
  getrusage(RUSAGE_SELF, &r);
  double cpu = (double)(r.ru_utime.tv_sec + r.ru_stime.tv_sec) + (double)(r.ru_utime.tv_usec + r.ru_stime.tv_usec) / 1e6;
  printf("{\"wanted\":%" PRIu64 ",\"published\":%" PRIu64 ",\"seconds\":%.3f,\"rate\":%.1f,\"max_late_ms\":%.2f,"
         "\"fell_behind\":%s,\"cpu\":%.3f,\"last\":{",
         wanted, sent, took, (double)sent / took, (double)max_late / 1e6,
         sent < wanted || max_late > 100000000ull ? "true" : "false", cpu / took);
  for (int k = 0; k < keyn; k++)
    printf("%s\"%s\":%" PRIu64, k ? "," : "", keys[k],
           sent / (uint64_t)keyn + ((uint64_t)k < sent % (uint64_t)keyn));
  printf("}}\n");
  return 0;
}
