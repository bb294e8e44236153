/* wsload: opens WebSocket connections to one server, checks and counts what arrives.
 *
 *   cc -O2 -Wall -Wextra -o bin/wsload wsload.c
 *   wsload [OPTIONS] HOST PORT PATH CONNECTIONS SECONDS
 *   wsload 127.0.0.1 8080 '/public/?stream=usdbtc.trades' 1000 5
 *
 * Options
 *   --warmup S      seconds between the last connection and the measured window (1)
 *   --from N        sequence numbers begin at N (otherwise the first that comes is taken)
 *   --drain S       at most this long after the window, for what is still on its way (3)
 *   --control       take commands on standard input, see below
 *   --paths FILE    one path a line, taken in turn by the connections instead of PATH
 *   --header TEXT   one more request header: 'Authorization: Bearer ...'
 *   --send TEXT     sent as a text frame after the handshake (\r and \n are read)
 *   --bare          frames are the event itself, without the {"<stream>":...} envelope
 *
 * The streams that a connection asks for in its path (?stream=a&stream=b,c) are those that it may
 * get. Every frame is checked: not masked, no reserved bits, whole (no server here has a reason to
 * fragment), text, the length in its shortest form, the payload an envelope {"<stream>":...} of a
 * stream asked for, and in it "seq":N, one more than the stream's last on this connection. Answers
 * ({"success":...}) are counted aside; pings are answered.
 *
 * The latency is that from "ts":<nanoseconds since the epoch> in the payload to the moment the frame
 * is looked at, sampled one frame in 61: prime, so that it does not beat with the server's batches.
 *
 * On standard error, a line each: "ready C of N in S s", "measuring", "measured". With --control it
 * then reads lines from standard input: "last STREAM N" says which number was published last,
 * "end" (or the end of input) lets it stop as soon as every connection has that, or after --drain.
 * Without --control it stops when nothing came for 0.3 s. SECONDS 0 with --control holds idle
 * connections until "end".
 *
 * On standard output one line of JSON. Exit: 0, 1 when nothing connected, 2 usage, 3 violations.
 * One thread, one epoll: cheap enough to drive a server that has a core of its own.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "event.h"
#include "wscheck.h"

static uint64_t bytes, cut;

static int by_value(const void *a, const void *b) {
  uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
  return x < y ? -1 : x > y;
}

static double cpu_seconds(void) {
  struct rusage r;
  getrusage(RUSAGE_SELF, &r);
  return (double)(r.ru_utime.tv_sec + r.ru_stime.tv_sec) +
         (double)(r.ru_utime.tv_usec + r.ru_stime.tv_usec) / 1e6;
}

static void stream_of(Route *r, const char *name, size_t n) {
  if (!n || n >= NAME_MAX_BYTES || r->count == STREAMS_MAX) return;
  for (int i = 0; i < r->count; i++)
    if (strlen(r->stream[i].name) == n && !memcmp(r->stream[i].name, name, n)) return;
  memcpy(r->stream[r->count].name, name, n);
  r->stream[r->count].length = (size_t)sprintf(r->stream[r->count].envelope, "{\"%.*s\":", (int)n, name);
  r->count++;
}

/* Reads ?stream=a&stream=b,c out of a path; names are taken as they are, not percent-decoded. */
static Route *route_of(const char *path) {
  Route *r = calloc(1, sizeof *r);
  r->path = strdup(path);
  const char *q = strchr(path, '?');
  while (q) {
    q++;
    if (!strncmp(q, "stream=", 7)) {
      for (q += 7;;) {
        size_t n = strcspn(q, ",&");
        stream_of(r, q, n);
        q += n;
        if (*q != ',') break;
        q++;
      }
    }
    q = strchr(q, '&');
  }
  if (!r->count) r->count = 1; /* --bare: one nameless stream */
  return r;
}

static int text_frame(unsigned char *out, const char *s) {
  unsigned char body[4000];
  int n = 0, k = 0;
  for (; *s && n < 4000; s++) {
    if (s[0] == '\\' && (s[1] == 'r' || s[1] == 'n')) body[n++] = *++s == 'r' ? '\r' : '\n';
    else body[n++] = (unsigned char)*s;
  }
  out[k++] = 0x81;
  if (n < 126) out[k++] = 0x80 | (unsigned char)n;
  else out[k++] = 0x80 | 126, out[k++] = (unsigned char)(n >> 8), out[k++] = (unsigned char)n;
  memset(out + k, 0, 4); /* a mask of zeros is a mask */
  memcpy(out + k + 4, body, (size_t)n);
  return k + 4 + n;
}

static void drop(Conn *c) {
  close(c->fd);
  c->open = 0;
}

/* Checks what arrived: `n` new bytes stand at buf + c->restn. */
static void take(Conn *c, unsigned char *buf, size_t n) {
  memcpy(buf, c->rest, c->restn);
  n += c->restn;
  size_t used = check_frames(c, buf, n);
  if (used == SIZE_MAX) { drop(c); return; }
  c->restn = n - used;
  if (c->restn > c->restcap) {
    c->rest = realloc(c->rest, c->restcap = c->restn);
    if (!c->rest) abort();
  }
  memcpy(c->rest, buf + used, c->restn);
}

/* Connects and shakes hands, blocking; what comes behind the answer's head is the first frame. */
static int shake_hands(Conn *c, int i, int total, const struct sockaddr_in *to, const char *host,
                       const char *header, unsigned char *buf, size_t room) {
  char request[8192];
  int one = 1, fd = socket(AF_INET, SOCK_STREAM, 0);
  struct timeval patience = {10, 0};
  if (fd < 0) return -1;
  if (total > 20000) { /* one source address has about 28,000 ports */
    struct sockaddr_in from = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(0x7f000002u + (unsigned)i / 20000)};
    setsockopt(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &one, sizeof one);
    if (bind(fd, (void *)&from, sizeof from)) { close(fd); return -1; }
  }
  setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
  setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
  int n = snprintf(request, sizeof request,
                   "GET %s HTTP/1.1\r\nHost: %s:%d\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                   "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n%s%s\r\n",
                   c->route->path, host, ntohs(to->sin_port), header ? header : "", header ? "\r\n" : "");
  size_t got = 0;
  unsigned char *end = NULL;
  if (n >= (int)sizeof request || connect(fd, (const void *)to, sizeof *to) || write(fd, request, (size_t)n) != n) {
    close(fd);
    return -1;
  }
  while (!end && got < room) {
    ssize_t r = read(fd, buf + got, room - got);
    if (r <= 0) break;
    got += (size_t)r;
    end = memmem(buf, got, "\r\n\r\n", 4);
  }
  if (!end || got < 12 || memcmp(buf, "HTTP/1.1 101", 12) ||
      !memmem(buf, got, "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=", 28)) {
    close(fd);
    return -1;
  }
  fcntl(fd, F_SETFL, O_NONBLOCK);
  c->fd = fd, c->open = 1;
  size_t behind = got - (size_t)(end + 4 - buf);
  memmove(buf, end + 4, behind);
  take(c, buf, behind);
  return c->open ? 0 : -1;
}

/* Whether every open connection has what was published last; `lost`: what never came, if wanted. */
static int complete(const Conn *cs, int n, uint64_t *lost) {
  int all = 1;
  for (int i = 0; i < n; i++)
    for (int s = 0; cs[i].route && cs[i].last && s < cs[i].route->count; s++) {
      uint64_t target = cs[i].route->stream[s].target, last = cs[i].last[s];
      if (last == UINT64_MAX) last = tally.from ? tally.from - 1 : target;
      if (last >= target) continue;
      if (cs[i].open) all = 0;
      if (lost) *lost += target - last;
    }
  return all;
}

/* Reads commands; true once the input or the work is to end. */
static int command(Route **routes, int routen) {
  static char text[8192];
  static size_t n;
  ssize_t r = read(0, text + n, sizeof text - 1 - n);
  if (r < 0) return errno != EAGAIN && errno != EINTR;
  text[n += (size_t)r] = 0;
  char *line = text, *eol;
  int over = r == 0;
  for (; (eol = strchr(line, '\n')); line = eol + 1) {
    char name[NAME_MAX_BYTES];
    uint64_t seq;
    *eol = 0;
    if (!strcmp(line, "end")) over = 1;
    else if (sscanf(line, "last %119s %" SCNu64, name, &seq) == 2)
      for (int i = 0; i < routen; i++)
        for (int s = 0; s < routes[i]->count; s++)
          if (tally.bare || !strcmp(routes[i]->stream[s].name, name)) routes[i]->stream[s].target = seq;
  }
  memmove(text, line, n = n - (size_t)(line - text));
  return over;
}

static int report(const Conn *cs, int n, int connected, double connect_s, double window, double cpu) {
  uint64_t *per = calloc((size_t)n + 1, sizeof *per), tail = 0, violations = 0;
  int open = 0;
  for (int i = 0; i < n; i++) per[i] = cs[i].frames, open += cs[i].open;
  qsort(per, (size_t)n, sizeof *per, by_value);
  qsort(tally.latency, tally.latencies, sizeof *tally.latency, by_value);
  complete(cs, n, &tail);
  size_t k = tally.latencies;
  const uint64_t *l = tally.latency;
  printf("{\"connections\":%d,\"connected\":%d,\"open_at_end\":%d,\"connect_s\":%.3f,\"window_s\":%.3f,"
         "\"frames\":%" PRIu64 ",\"frames_per_s\":%.0f,\"bytes_per_s\":%.0f,\"frames_total\":%" PRIu64
         ",\"frames_per_connection\":[%" PRIu64 ",%" PRIu64 ",%" PRIu64 "],\"latency\":{\"samples\":%zu,"
         "\"p50_ms\":%.3f,\"p99_ms\":%.3f,\"max_ms\":%.3f},\"violations\":{",
         n, connected, open, connect_s, window, tally.window_events,
         window > 0 ? (double)tally.window_events / window : 0, window > 0 ? (double)bytes / window : 0,
         tally.events, per[0], per[n / 2], per[n ? n - 1 : 0], k, k ? (double)l[k / 2] / 1e6 : 0,
         k ? (double)l[k * 99 / 100] / 1e6 : 0, k ? (double)l[k - 1] / 1e6 : 0);
  for (int v = 0; v < V_COUNT; v++) {
    printf("%s\"%s\":%" PRIu64, v ? "," : "", violation_name[v], tally.violation[v]);
    violations += tally.violation[v];
  }
  printf("},\"violations_total\":%" PRIu64 ",\"first_violation\":\"%s\",\"missing\":%" PRIu64
         ",\"answers\":%" PRIu64 ",\"pings\":%" PRIu64 ",\"closes\":%" PRIu64
         ",\"first_close_code\":%d,\"cut\":%" PRIu64 ",\"cpu\":%.3f}\n",
         violations, tally.first_violation, tally.missing + tail, tally.answers, tally.pings, tally.closes,
         tally.first_close, cut, window > 0 ? cpu / window : 0);
  fflush(stdout);
  return !connected ? 1 : violations ? 3 : 0;
}

/* Says goodbye and lets the server close first, for a second at most. */
static void leave(Conn *cs, int n, int ep, unsigned char *buf) {
  static const unsigned char bye[] = {0x88, 0x82, 0, 0, 0, 0, 0x03, 0xe8};
  struct epoll_event events[128];
  uint64_t until = now_ns(CLOCK_MONOTONIC) + 1000000000ull;
  int open = 0;
  for (int i = 0; i < n; i++)
    if (cs[i].open && write(cs[i].fd, bye, sizeof bye) > 0) open++;
  while (open > 0 && now_ns(CLOCK_MONOTONIC) < until) {
    int ready = epoll_wait(ep, events, 128, 10);
    for (int i = 0; i < ready; i++) {
      Conn *c = events[i].data.ptr;
      ssize_t r = c && c->open ? read(c->fd, buf, 131072) : -1;
      if (c && c->open && (r == 0 || (r < 0 && errno != EAGAIN))) drop(c), open--;
    }
  }
}

static int usage(void) {
  fprintf(stderr, "usage: wsload [--warmup S] [--from N] [--drain S] [--control] [--paths FILE] [--header TEXT]\n"
                  "              [--send TEXT] [--bare] HOST PORT PATH CONNECTIONS SECONDS\n");
  return 2;
}

int main(int ac, char **av) {
  static const struct option options[] = {
      {"warmup", 1, 0, 'w'}, {"from", 1, 0, 'f'}, {"drain", 1, 0, 'd'}, {"control", 0, 0, 'c'}, {"paths", 1, 0, 'p'},
      {"header", 1, 0, 'h'}, {"send", 1, 0, 's'}, {"bare", 0, 0, 'b'}, {0, 0, 0, 0}};
  static unsigned char buf[FRAME_MAX + 64 + 131072], first[4096 + 16];
  double warmup = 1, drain = 3;
  const char *paths = NULL, *header = NULL;
  int control = 0, firstn = 0, o;
  while ((o = getopt_long(ac, av, "+", options, NULL)) != -1) {
    if (o == 'w') warmup = atof(optarg);
    else if (o == 'f') tally.from = strtoull(optarg, NULL, 10);
    else if (o == 'd') drain = atof(optarg);
    else if (o == 'c') control = 1;
    else if (o == 'p') paths = optarg;
    else if (o == 'h') header = optarg;
    else if (o == 's') firstn = text_frame(first, optarg);
    else if (o == 'b') tally.bare = 1;
    else return usage();
  }
  if (ac - optind != 5) return usage();
  const char *host = av[optind];
  int n = atoi(av[optind + 3]), routen = 0, connected = 0;
  double seconds = atof(av[optind + 4]);
  struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons((uint16_t)atoi(av[optind + 1]))};
  if (n < 1 || inet_pton(AF_INET, host, &to.sin_addr) != 1) return usage();

  Route **routes = calloc(1, sizeof *routes);
  if (paths) {
    char line[4096];
    FILE *f = fopen(paths, "r");
    if (!f) { perror(paths); return 2; }
    while (fgets(line, sizeof line, f)) {
      line[strcspn(line, "\r\n")] = 0;
      routes = realloc(routes, (size_t)(routen + 1) * sizeof *routes);
      routes[routen++] = route_of(line);
    }
    fclose(f);
    if (!routen) { fprintf(stderr, "wsload: %s: no path in it\n", paths); return 2; }
  } else {
    routes[routen++] = route_of(av[optind + 2]);
  }

  struct rlimit files;
  getrlimit(RLIMIT_NOFILE, &files);
  files.rlim_cur = files.rlim_max;
  setrlimit(RLIMIT_NOFILE, &files);
  signal(SIGPIPE, SIG_IGN);
  Conn *cs = calloc((size_t)n, sizeof *cs);
  int ep = epoll_create1(0);
  uint64_t begun = now_ns(CLOCK_MONOTONIC);
  for (int i = 0; i < n; i++) {
    Conn *c = &cs[i];
    c->route = routes[i % routen];
    c->last = malloc((size_t)c->route->count * sizeof *c->last);
    memset(c->last, 0xff, (size_t)c->route->count * sizeof *c->last);
    if (shake_hands(c, i, n, &to, host, header, buf, 16384)) {
      if (!connected && i >= 10) break; /* nobody there */
      continue;
    }
    connected++;
    if (firstn && write(c->fd, first, (size_t)firstn) != firstn) drop(c);
    struct epoll_event e = {.events = EPOLLIN, .data.ptr = c};
    epoll_ctl(ep, EPOLL_CTL_ADD, c->fd, &e);
  }
  double connect_s = (double)(now_ns(CLOCK_MONOTONIC) - begun) / 1e9;
  fprintf(stderr, "ready %d of %d in %.2f s\n", connected, n, connect_s);
  if (!connected) return report(cs, n, 0, connect_s, 0, 0);

  int over = !control, measured = 0, reading = control && !fcntl(0, F_SETFL, O_NONBLOCK);
  struct epoll_event events[128], input = {.events = EPOLLIN, .data.ptr = NULL};
  if (reading) epoll_ctl(ep, EPOLL_CTL_ADD, 0, &input);
  uint64_t ready = now_ns(CLOCK_MONOTONIC), start = ready + (uint64_t)(warmup * 1e9);
  uint64_t stop = start + (uint64_t)(seconds * 1e9), heard = ready, window_from = 0, drain_until = 0;
  double window = 0, cpu = 0;
  for (;;) {
    uint64_t t = now_ns(CLOCK_MONOTONIC);
    if (!tally.measuring && !measured && t >= start) {
      tally.measuring = 1, window_from = t, cpu = cpu_seconds();
      fprintf(stderr, "measuring\n");
    }
    if (tally.measuring && t >= stop) {
      tally.measuring = 0, measured = 1;
      window = (double)(t - window_from) / 1e9, cpu = cpu_seconds() - cpu;
      fprintf(stderr, "measured\n");
    }
    if (measured && over) {
      if (!drain_until) drain_until = t + (uint64_t)(drain * 1e9);
      int quiet = t - heard > 300000000ull;
      if (t >= drain_until || (control ? complete(cs, n, NULL) : quiet)) break;
    }
    int ready_count = epoll_wait(ep, events, 128, 10);
    for (int i = 0; i < ready_count; i++) {
      Conn *c = events[i].data.ptr;
      if (!c) {
        if (command(routes, routen)) over = 1, epoll_ctl(ep, EPOLL_CTL_DEL, 0, NULL);
        continue;
      }
      ssize_t r = read(c->fd, buf + c->restn, 131072);
      if (r > 0) {
        heard = t;
        if (tally.measuring) bytes += (uint64_t)r;
        uint64_t closes = tally.closes;
        take(c, buf, (size_t)r);
        if (tally.closes != closes && c->open) drop(c);
      } else if (r == 0 || (errno != EAGAIN && errno != EINTR)) {
        cut++;
        drop(c);
      }
    }
  }
  int status = report(cs, n, connected, connect_s, window, cpu);
  if (reading && !over) epoll_ctl(ep, EPOLL_CTL_DEL, 0, NULL);
  leave(cs, n, ep, buf);
  return status;
}
