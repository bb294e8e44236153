/* The publisher's other protocols: NATS, and HTTP as Nchan's publisher endpoint takes it. */
#ifndef BENCH_OTHERFEEDS_H
#define BENCH_OTHERFEEDS_H

#include "wire.h"

static char in[65536];

/* Reads what is there; the number of times that `mark`, without its end, begins in all that came. */
static uint64_t heard(const char *mark, int wait) {
  static uint64_t times;
  static size_t matched;
  ssize_t r;
  while ((r = recv(fd, in, sizeof in, wait ? 0 : MSG_DONTWAIT)) > 0) {
    for (ssize_t i = 0; i < r; i++) {
      matched = in[i] == mark[matched] ? matched + 1 : in[i] == mark[0];
      if (!mark[matched]) times++, matched = 0;
    }
    if (wait) break;
  }
  if (r == 0 || (r < 0 && errno != EAGAIN && errno != EINTR)) fail("the other side went away");
  return times;
}

static void nats_open(const Address *to) {
  dial(to);
  outn = (size_t)sprintf((char *)out, "CONNECT {\"verbose\":false,\"pedantic\":false}\r\n");
  flush();
}
static void nats_put(const char *subject, const char *body, int size) {
  outn += (size_t)sprintf((char *)out + outn, "PUB %s %d\r\n", subject, size);
  memcpy(out + outn, body, (size_t)size), outn += (size_t)size;
  out[outn++] = '\r', out[outn++] = '\n';
}
static void nats_close(void) {
  uint64_t before = heard("PONG\r\n", 0);
  outn = (size_t)sprintf((char *)out, "PING\r\n");
  flush();
  while (heard("PONG\r\n", 1) == before) continue;
}

/* Requests are pipelined; the answers are counted, so that the end is known. */
static uint64_t requests;
static void http_put(const Address *to, const char *channel, const char *body, int size) {
  outn += (size_t)sprintf((char *)out + outn,
                          "POST /publish?channel=%s HTTP/1.1\r\nHost: %s\r\nContent-Type: application/json\r\n"
                          "Content-Length: %d\r\n\r\n",
                          channel, to->host, size);
  memcpy(out + outn, body, (size_t)size), outn += (size_t)size;
  requests++;
}
static void http_close(void) {
  while (heard("HTTP/1.1 20", 1) < requests) continue;
}

#endif
