/* What the publisher's protocols have in common: an address, a socket, and a buffer in front of it. */
#ifndef BENCH_WIRE_H
#define BENCH_WIRE_H

#include <errno.h>
#include <netdb.h>
#include <netinet/tcp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "event.h"

enum { OUT_MAX = 4 << 20 };

/* scheme://user:password@host:port/vhost */
typedef struct {
  char scheme[8], user[128], password[128], host[256], port[8], vhost[128];
} Address;

static int fd;
static unsigned char out[OUT_MAX + 2 * EVENT_MAX + 1024];
static size_t outn;

static void fail(const char *format, ...) {
  va_list arguments;
  va_start(arguments, format);
  fprintf(stderr, "publish: ");
  vfprintf(stderr, format, arguments);
  fprintf(stderr, "\n");
  exit(1);
}

static Address read_address(const char *url) {
  Address a = {"", "guest", "guest", "127.0.0.1", "5672", ""};
  const char *rest = strstr(url, "://"), *at;
  if (!rest || rest - url >= (long)sizeof a.scheme) fail("%s: not an address", url);
  memcpy(a.scheme, url, (size_t)(rest - url));
  rest += 3, at = strchr(rest, '@');
  if (at) sscanf(rest, "%127[^:@]:%127[^@]", a.user, a.password);
  sscanf(at ? at + 1 : rest, "%255[^:/]:%7[0-9]/%127s", a.host, a.port, a.vhost);
  if (!a.vhost[0] || !strcmp(a.vhost, "%2f") || !strcmp(a.vhost, "%2F")) strcpy(a.vhost, "/");
  return a;
}

static void dial(const Address *to) {
  struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_family = AF_INET}, *found;
  if (getaddrinfo(to->host, to->port, &hints, &found)) fail("%s: no such host", to->host);
  fd = socket(found->ai_family, SOCK_STREAM, 0);
  if (connect(fd, found->ai_addr, found->ai_addrlen)) fail("%s:%s: %s", to->host, to->port, strerror(errno));
  freeaddrinfo(found);
  int one = 1;
  setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
}

static void flush(void) {
  for (size_t at = 0; at < outn;) {
    ssize_t w = write(fd, out + at, outn - at);
    if (w < 0 && errno == EINTR) continue;
    if (w <= 0) fail("the other side went away: %s", strerror(errno));
    at += (size_t)w;
  }
  outn = 0;
}

#endif
