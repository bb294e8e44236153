/* The publisher's AMQP 0-9-1: as much of it as publishing needs. */
#ifndef BENCH_AMQP_H
#define BENCH_AMQP_H

#include "wire.h"

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

static void amqp_open(const Address *to, const char *exchange) {
  dial(to);
  char plain[260];
  int n = snprintf(plain, sizeof plain, "%c%s%c%s", 0, to->user, 0, to->password);
  memcpy(out, "AMQP\0\0\11\1", 8), outn = 8, flush();
  expect(CONNECTION_START);
  size_t b = begin_method(0, 10, 11);
  put32(0), put_short("PLAIN"), put_long(plain, (size_t)n), put_short("en_US");
  end_frame(b), flush();

  unsigned char *tune;
  unsigned method = read_method(&tune);
  if (method != CONNECTION_TUNE) fail("the broker refused user %s", to->user);
  b = begin_method(0, 10, 31);
  memcpy(out + outn, tune, 6), outn += 6; /* channels and frame size as the broker wants them */
  put16(0);                               /* no heartbeats */
  end_frame(b);
  b = begin_method(0, 10, 40);
  put_short(to->vhost), put_short(""), put8(0);
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

/* One message, routed by its key. */
static void amqp_put(const char *exchange, const char *key, const char *body, int size) {
  size_t b = begin_method(1, 60, 40);
  put16(0), put_short(exchange), put_short(key), put8(0);
  end_frame(b);
  b = begin_frame(2, 1);
  put16(60), put16(0), put32(0), put32((unsigned)size), put16(0);
  end_frame(b);
  b = begin_frame(3, 1);
  memcpy(out + outn, body, (size_t)size), outn += (size_t)size;
  end_frame(b);
}

/* Returns once the broker has routed all that was published: a channel is served in order. */
static void amqp_sync(const char *exchange) {
  declare_exchange(exchange, 1);
  expect(EXCHANGE_DECLARE_OK);
}

static void amqp_close(void) {
  size_t b = begin_method(1, 20, 40);
  put16(200), put_short("done"), put16(0), put16(0);
  end_frame(b), flush();
  expect(CHANNEL_CLOSE_OK);
  b = begin_method(0, 10, 50);
  put16(200), put_short("done"), put16(0), put16(0);
  end_frame(b), flush();
  expect(CONNECTION_CLOSE_OK);
}

#endif
