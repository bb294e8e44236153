/* Opening many connections at once, none of which waits for another, and what each then reads. */
#ifndef BENCH_WSOPEN_H
#define BENCH_WSOPEN_H

#include <arpa/inet.h>
#include <errno.h>
#include <linux/tcp.h> /* not netinet/tcp.h: tcpi_data_segs_in */
#include <sys/epoll.h>
#include <sys/socket.h>

#include "wsproto.h"

enum { READ_MAX = 1 << 17 };

static struct {
  const char *host;
  struct sockaddr_in to;
  int total, parallel, ep, receive, mss; /* bytes of receive buffers and of segments, or 0 */
  char **tokens; /* of each connection, or NULL */
  enum protocol protocol;
  int next, trying, opened, failed; /* the first that was not tried; how many are under way, were, were not */
} opening;

static unsigned char buf[FRAME_MAX + 64 + READ_MAX];
static uint64_t cut, retried;

/* Ends a connection, whatever it was at. */
static void drop(Conn *c) {
  if (c->state < OPEN) opening.trying--, opening.failed++;
  close(c->fd);
  c->state = OVER;
}

static void keep_rest(Conn *c, const unsigned char *at, size_t n) {
  c->restn = n;
  if (n > c->restcap) {
    c->rest = realloc(c->rest, c->restcap = n);
    if (!c->rest) abort();
  }
  memcpy(c->rest, at, n);
}

/* The connection is of use from here on. */
static void has_opened(void) { opening.trying--, opening.opened++; }

/* Checks what arrived: `n` bytes stand at buf + c->restn. */
static void take(Conn *c, size_t n) {
  enum state before = c->state;
  size_t used;
  memcpy(buf, c->rest, c->restn);
  if (opening.protocol == NATS) {
    n = c->restn + nats_unwrap(c, buf + c->restn, n);
    used = nats_messages(c, buf, n);
    if (n - used > FRAME_MAX) used = SIZE_MAX;
  } else {
    n += c->restn;
    used = check_frames(c, buf, n, opening.protocol == STOMP ? stomp_frame : check_event);
  }
  if (before == SUBSCRIBING && c->state == OPEN) has_opened();
  if (used == SIZE_MAX) drop(c);
  else keep_rest(c, buf + used, n - used);
}

static int ask(Conn *c) {
  char request[8192];
  const char *token = opening.tokens ? opening.tokens[c->index] : NULL;
  int n = snprintf(request, sizeof request,
                   "GET %s HTTP/1.1\r\nHost: %s:%d\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                   "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n%s%s%s%s%s\r\n",
                   c->route->path, opening.host, ntohs(opening.to.sin_port), token ? "Authorization: Bearer " : "",
                   token ? token : "", token ? "\r\n" : "",
                   opening.protocol == STOMP ? "Sec-WebSocket-Protocol: v12.stomp\r\n" : "",
                   tally.deflate ? "Sec-WebSocket-Extensions: permessage-deflate\r\n" : "");
  return n < (int)sizeof request && write(c->fd, request, (size_t)n) == n ? 0 : -1;
}

/* Whether TCP had to ask more than once for a connection: the server's queue was full. */
static int had_to_ask_again(int fd) {
  struct tcp_info info;
  socklen_t size = sizeof info;
  memset(&info, 0, sizeof info);
  return !getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &size) && info.tcpi_total_retrans > 0;
}

/* Begins to connect. */
static void try_next(Conn *c) {
  int one = 1;
  struct epoll_event e = {.events = EPOLLOUT, .data.ptr = c};
  opening.next++, opening.trying++;
  c->state = CONNECTING;
  c->fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
  if (c->fd >= 0 && opening.total > 20000) { /* one source address has about 28,000 ports */
    struct sockaddr_in from = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(0x7f000002u + (unsigned)c->index / 20000)};
    setsockopt(c->fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &one, sizeof one);
    if (bind(c->fd, (void *)&from, sizeof from)) { drop(c); return; }
  }
  /* before the handshake: it sets the window */
  if (opening.receive) setsockopt(c->fd, SOL_SOCKET, SO_RCVBUF, &opening.receive, sizeof opening.receive);
  if (opening.mss) setsockopt(c->fd, IPPROTO_TCP, TCP_MAXSEG, &opening.mss, sizeof opening.mss);
  if (c->fd < 0 || (connect(c->fd, (void *)&opening.to, sizeof opening.to) && errno != EINPROGRESS)) {
    drop(c);
    return;
  }
  setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
  epoll_ctl(opening.ep, EPOLL_CTL_ADD, c->fd, &e);
}

/* What came is the answer's head, in pieces perhaps; behind it is the first frame. */
static void shake_hands(Conn *c, size_t n) {
  memcpy(buf, c->rest, c->restn);
  n += c->restn;
  const unsigned char *end = memmem(buf, n, "\r\n\r\n", 4);
  if (!end) {
    if (n > 16384) drop(c);
    else keep_rest(c, buf, n);
    return;
  }
  if (memcmp(buf, "HTTP/1.1 101", 12) || !memmem(buf, n, "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=", 28)) {
    if (!tally.refusal[0]) snprintf(tally.refusal, sizeof tally.refusal, "%.*s", (int)strcspn((char *)buf, "\r"), (char *)buf);
    drop(c);
    return;
  }
  c->state = opening.protocol == PLAIN ? OPEN : SUBSCRIBING;
  if (c->state == OPEN) has_opened();
  else if (opening.protocol == NATS ? nats_begin(c) : stomp_begin(c)) { drop(c); return; }
  c->restn = 0;
  size_t behind = n - (size_t)(end + 4 - buf);
  memmove(buf, end + 4, behind);
  take(c, behind);
}

/* Does what a connection is ready for; true when it brought bytes. */
static int serve(Conn *c, uint64_t *bytes) {
  if (c->state == CONNECTING) {
    int error = 0;
    socklen_t size = sizeof error;
    struct epoll_event e = {.events = EPOLLIN, .data.ptr = c};
    getsockopt(c->fd, SOL_SOCKET, SO_ERROR, &error, &size);
    c->state = HANDSHAKING;
    retried += (uint64_t)had_to_ask_again(c->fd);
    if (error || ask(c)) drop(c);
    else epoll_ctl(opening.ep, EPOLL_CTL_MOD, c->fd, &e);
    return 0;
  }
  if (c->state == OVER) return 0;
  ssize_t r = read(c->fd, buf + c->restn, READ_MAX);
  if (r > 0) {
    uint64_t closes = tally.closes;
    *bytes += (uint64_t)r;
    if (c->state == HANDSHAKING) shake_hands(c, (size_t)r);
    else take(c, (size_t)r);
    if (tally.closes != closes && c->state != OVER) drop(c);
    return 1;
  }
  if (r == 0 || (errno != EAGAIN && errno != EINTR)) {
    if (c->state == OPEN) cut++;
    drop(c);
  }
  return 0;
}

#endif
