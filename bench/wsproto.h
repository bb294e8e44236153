/* Protocols that some servers speak inside of WebSocket frames: NATS and STOMP. */
#ifndef BENCH_WSPROTO_H
#define BENCH_WSPROTO_H

#include "wscheck.h"

enum protocol { PLAIN, NATS, STOMP };

/* The exchange that --stomp subscribes to. */
static const char *stomp_exchange;

/* A client's frame; a mask of zeros is a mask. */
static int send_frame(Conn *c, int opcode, const char *text, size_t n) {
  static unsigned char out[16384 + 16];
  size_t k = 0;
  if (n > 16384) return -1;
  out[k++] = 0x80 | (unsigned char)opcode;
  if (n < 126) out[k++] = 0x80 | (unsigned char)n;
  else out[k++] = 0x80 | 126, out[k++] = (unsigned char)(n >> 8), out[k++] = (unsigned char)n;
  memset(out + k, 0, 4);
  memcpy(out + k + 4, text, n);
  return write(c->fd, out, k + 4 + n) == (ssize_t)(k + 4 + n) ? 0 : -1;
}

/* Subscribes to the route's streams; the answer to the PING says that the server has read it all. */
static int nats_begin(Conn *c) {
  char text[16384];
  size_t n = (size_t)sprintf(text, "CONNECT {\"verbose\":false,\"pedantic\":false}\r\n");
  for (int s = 0; s < c->route->count; s++)
    n += (size_t)sprintf(text + n, "SUB %s %d\r\n", c->route->stream[s].name, s);
  n += (size_t)sprintf(text + n, "PING\r\n");
  return send_frame(c, 2, text, n);
}

/* Takes the heads of frames out of p[0..n), and says how much payload is left; frames may be of any
 * length, messages may lie across them. */
static size_t nats_unwrap(Conn *c, unsigned char *p, size_t n) {
  size_t left = 0;
  for (size_t at = 0; at < n;) {
    if (c->need) {
      size_t k = n - at < c->need ? n - at : c->need;
      if (!c->aside) memmove(p + left, p + at, k), left += k;
      at += k, c->need -= k;
      continue;
    }
    c->head[c->headn++] = p[at++];
    int l = c->headn < 2 ? 0 : c->head[1] & 127;
    if (c->headn < 2 || c->headn < 2 + (l == 126 ? 2 : l == 127 ? 8 : 0)) continue;
    for (int i = 2; i < c->headn; i++) c->need = c->need << 8 | c->head[i];
    if (l < 126) c->need = (uint64_t)l;
    if (c->head[0] & 0x70 || c->head[1] & 0x80) violation(V_reserved, c->head, 2, "or masked");
    c->aside = (c->head[0] & 8) != 0;
    if ((c->head[0] & 15) == 8 && !tally.closes++) tally.first_close = 1005;
    c->headn = 0;
  }
  return left;
}

/* Checks the whole messages in p[0..n) and says how many bytes they took. */
static size_t nats_messages(Conn *c, const unsigned char *p, size_t n) {
  size_t at = 0;
  while (at < n) {
    const unsigned char *line = p + at, *eol = memchr(line, '\r', n - at);
    if (!eol || eol + 1 == p + n) break;
    size_t used = (size_t)(eol + 2 - line);
    if (used > 6 && !memcmp(line, "MSG ", 4)) {
      const unsigned char *size = eol, *sid = memchr(line + 4, ' ', used - 6);
      while (size > line && size[-1] != ' ') size--;
      size_t bytes = strtoull((const char *)size, NULL, 10), s = sid ? strtoull((const char *)sid, NULL, 10) : SIZE_MAX;
      if (n - at < used + bytes + 2) break;
      if (s >= (size_t)c->route->count || memcmp(eol + 2 + bytes, "\r\n", 2))
        violation(V_protocol, line, used, "a message of no subscription");
      else check_numbered(c, (int)s, eol + 2, bytes, 0);
      used += bytes + 2;
    } else if (!memcmp(line, "PING", 4)) {
      tally.pings++;
      if (send_frame(c, 2, "PONG\r\n", 6)) return at;
    } else if (!memcmp(line, "PONG", 4)) {
      if (c->state == SUBSCRIBING) c->state = OPEN;
    } else if (memcmp(line, "INFO", 4)) {
      violation(V_protocol, line, used, "not a message");
    }
    at += used;
  }
  return at;
}

static int stomp_begin(Conn *c) {
  static const char connect[] = "CONNECT\naccept-version:1.2\nhost:/\nlogin:guest\npasscode:guest\nheart-beat:0,0\n\n";
  char text[1024];
  if (send_frame(c, 1, connect, sizeof connect)) return -1;
  for (int s = 0; s < c->route->count; s++) {
    int n = snprintf(text, sizeof text, "SUBSCRIBE\nid:%d\ndestination:/exchange/%s/%s\nack:auto\n%s\n", s, stomp_exchange,
                     c->route->stream[s].name, s == c->route->count - 1 ? "receipt:all\n" : "");
    if (send_frame(c, 1, text, (size_t)n + 1)) return -1;
  }
  return 0;
}

/* One frame of STOMP, which is one of WebSocket. */
static void stomp_frame(Conn *c, const unsigned char *p, size_t n) {
  const unsigned char *body = memmem(p, n, "\n\n", 2), *id;
  while (n && p[n - 1] == '\n') n--; /* line ends may follow the zero; alone they are a heartbeat */
  if (!n) return;
  if (n > 8 && !memcmp(p, "MESSAGE\n", 8) && body && !p[n - 1]) {
    id = memmem(p, (size_t)(body - p), "\nsubscription:", 14);
    size_t s = id ? strtoull((const char *)id + 14, NULL, 10) : SIZE_MAX;
    if (s < (size_t)c->route->count) check_numbered(c, (int)s, body + 2, n - 1 - (size_t)(body + 2 - p), 0);
    else violation(V_protocol, p, n, "a message of no subscription");
  } else if (n > 8 && !memcmp(p, "RECEIPT\n", 8)) {
    if (c->state == SUBSCRIBING) c->state = OPEN;
  } else if (n < 10 || memcmp(p, "CONNECTED\n", 10)) {
    violation(V_protocol, p, n, "not a message");
  }
}

#endif
