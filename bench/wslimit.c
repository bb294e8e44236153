/* wslimit: the floor under any WebSocket fan-out on this kernel, what plain write() costs.
 *
 *   cc -O2 -Wall -Wextra -o bin/wslimit wslimit.c
 *   wslimit PORT CONNECTIONS RATE SECONDS [PAYLOAD_BYTES=200] [BATCH=1] [DELAY_S=1]
 *   wslimit 8080 1000 240 5
 *
 * Accepts CONNECTIONS WebSocket connections, waits DELAY_S, then for SECONDS makes RATE events a
 * second, each encoded once and written to every connection: BATCH frames to a write, or with
 * BATCH 0 whatever has fallen due since the last round, as a server that gathers while it writes.
 * No broker, no JSON, no subscriptions: the stream is usdbtc.trades whatever the client asked for.
 *
 * An event's "ts" is the moment when it fell due, so that falling behind shows as latency.
 * On standard output, after the last event, one line of JSON and its end; the program stays, so
 * that the clients can read what is on its way, until it receives SIGTERM.
 * The handshake answers the one key that wsload sends.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "event.h"

enum { OUT_MAX = 1 << 20 };
static const char envelope[] = "{\"usdbtc.trades\":";
static unsigned char out[OUT_MAX + EVENT_MAX + 64];

static size_t put_frame(unsigned char *f, int size, uint64_t seq, uint64_t ts) {
  size_t length = sizeof envelope - 1 + (size_t)size + 1, head = length < 126 ? 2 : 4;
  f[0] = 0x81;
  f[1] = (unsigned char)(length < 126 ? length : 126);
  if (head == 4) f[2] = (unsigned char)(length >> 8), f[3] = (unsigned char)length;
  memcpy(f + head, envelope, sizeof envelope - 1);
  write_trades((char *)f + head + sizeof envelope - 1, size, seq, ts);
  f[head + length - 1] = '}';
  return head + length;
}

int main(int ac, char **av) {
  if (ac < 5) {
    fprintf(stderr, "usage: wslimit PORT CONNECTIONS RATE SECONDS [PAYLOAD_BYTES] [BATCH] [DELAY_S]\n");
    return 2;
  }
  int port = atoi(av[1]), n = atoi(av[2]), size = ac > 5 ? atoi(av[5]) : 200, batch = ac > 6 ? atoi(av[6]) : 1, one = 1;
  double rate = atof(av[3]), seconds = atof(av[4]), delay = ac > 7 ? atof(av[7]) : 1;
  if (n < 1 || size < EVENT_MIN || size > EVENT_MAX || batch < 0 || batch * (size + 64) > OUT_MAX) {
    fprintf(stderr, "wslimit: payload of %d to %d bytes, batch of at most %d bytes together\n", EVENT_MIN, EVENT_MAX, OUT_MAX);
    return 2;
  }
  signal(SIGPIPE, SIG_IGN);
  struct rlimit files;
  getrlimit(RLIMIT_NOFILE, &files);
  files.rlim_cur = files.rlim_max;
  setrlimit(RLIMIT_NOFILE, &files);
  int listener = socket(AF_INET, SOCK_STREAM, 0);
  setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
  struct sockaddr_in a = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  if (bind(listener, (void *)&a, sizeof a) || listen(listener, 4096)) {
    perror("wslimit: listen");
    return 1;
  }
  fprintf(stderr, "listening\n");
  int *fd = malloc((size_t)n * sizeof *fd);
  static char request[16384];
  static const char answer[] = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                               "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n";
  for (int i = 0; i < n; i++) {
    fd[i] = accept(listener, NULL, NULL);
    setsockopt(fd[i], IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    if (read(fd[i], request, sizeof request) <= 0 || write(fd[i], answer, sizeof answer - 1) < 0) {
      close(fd[i--]);
      continue;
    }
    fcntl(fd[i], F_SETFL, O_NONBLOCK);
  }
  usleep((useconds_t)(delay * 1e6));

  uint64_t wanted = (uint64_t)(rate * seconds), sent = 0, writes = 0, cut = 0, gone = 0;
  uint64_t begin = now_ns(CLOCK_MONOTONIC), epoch = now_ns(CLOCK_REALTIME);
  uint64_t limit = begin + (uint64_t)((seconds + 1) * 1e9);
  while (sent < wanted) {
    uint64_t now = now_ns(CLOCK_MONOTONIC);
    if (now > limit) break;
    uint64_t due = (uint64_t)((double)(now - begin) / 1e9 * rate), round;
    if (due > wanted) due = wanted;
    round = batch ? (uint64_t)batch : due - sent;
    if (sent + round > wanted) round = wanted - sent;
    if (!round || sent + round > due) {
      usleep(200);
      continue;
    }
    size_t bytes = 0;
    for (uint64_t b = 0; b < round && bytes < OUT_MAX; b++) {
      sent++;
      bytes += put_frame(out + bytes, size, sent, epoch + (uint64_t)((double)sent / rate * 1e9));
    }
    for (int i = 0; i < n; i++) {
      if (fd[i] < 0) continue;
      ssize_t w = write(fd[i], out, bytes);
      writes++;
      if (w == (ssize_t)bytes) continue;
      if (w < 0 && errno != EAGAIN) {
        close(fd[i]), fd[i] = -1, gone++;
        continue;
      }
      /* finish the cut write, blocking: the floor drops nothing */
      cut++;
      fcntl(fd[i], F_SETFL, 0);
      for (size_t k = w > 0 ? (size_t)w : 0; k < bytes; k += (size_t)w)
        if ((w = write(fd[i], out + k, bytes - k)) <= 0) break;
      fcntl(fd[i], F_SETFL, O_NONBLOCK);
    }
  }
  double took = (double)(now_ns(CLOCK_MONOTONIC) - begin) / 1e9;
  printf("{\"wanted\":%" PRIu64 ",\"published\":%" PRIu64 ",\"seconds\":%.3f,\"rate\":%.1f,\"frames_per_write\":%.2f,"
         "\"cut_writes\":%" PRIu64 ",\"gone\":%" PRIu64
         ",\"from\":1,\"lines\":[{\"key\":\"public.usdbtc.trades\",\"count\":1,\"sent\":%" PRIu64 "}]}\n",
         wanted, sent, took, (double)sent / took, writes ? (double)sent * (double)(n - (int)gone) / (double)writes : 0,
         cut, gone, sent);
  fclose(stdout);
  pause();
  return 0;
}
