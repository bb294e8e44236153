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
 *   --parallel N    connections that are being opened at a time (100)
 *   --control       take commands on standard input, see below
 *   --paths FILE    one path a line, taken in turn by the connections instead of PATH
 *   --tokens FILE   one token a line, a connection each: Authorization: Bearer ...
 *   --sample N      measures the latency of one event in N (61: prime, so that it does not beat with batches)
 *   --receive N     bytes of each connection's receive buffer, as SO_RCVBUF takes it (the system's choice)
 *   --mss N         bytes of a TCP segment, as on a network: loopback's are 64 KB, and the server's send buffers grow by them
 *   --deflate       offer permessage-deflate; events are counted then, their numbers not looked at
 *   --bare          frames are the event itself, without the {"<stream>":...} envelope
 *   --nats          frames carry the protocol of NATS; streams are its subjects
 *   --stomp NAME    frames carry STOMP; streams are routing keys of the exchange NAME
 *
 * The streams that a connection asks for in its path (?stream=a&stream=b,c) are those that it may
 * get. Every frame is checked: not masked, no reserved bits, whole (no server here has a reason to
 * fragment), text, the length in its shortest form, the payload an envelope {"<stream>":...} of a
 * stream asked for, and in it "seq":N, one more than the stream's last on this connection (klines:
 * their time). A stream of increments, x-inc, brings at most one snapshot, {"x-snap":...}, whose
 * "sequence" the increments go on from. Answers ({"success":...}) are counted aside; pings are
 * answered.
 *
 * The latency is that from "ts":<nanoseconds since the epoch> in the payload to the moment the frame
 * is looked at.
 *
 * On standard error, a line each: "ready C of N in S s", "served N in S s" once each connection that
 * is due snapshots has them, "resumed N in S s" once each has the answer "resumed",
 * "measuring", "measured". With --control it then reads lines from standard input: "last STREAM N [CONNECTION]" says which number was published last, "end" (or the end of
 * input) lets it stop as soon as every connection has that, or after --drain. Without --control it
 * stops when nothing came for 0.3 s. SECONDS 0 with --control holds idle connections until "end".
 *
 * On standard output one line of JSON. Exit: 0, 1 when nothing connected, 2 usage, 3 violations.
 * One thread, one epoll: cheap enough to drive a server that has one core to itself.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <getopt.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/resource.h>

#include "wsreport.h"

enum { OPEN_AT_ONCE = 64 };
static Route **routes;
static int routen;

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
  if (n > 4 && !memcmp(name + n - 4, "-inc", 4))
    r->stream[r->count].snapshot_length =
        (size_t)sprintf(r->stream[r->count].snapshot, "{\"%.*s-snap\":", (int)n - 4, name);
  r->stream[r->count].unnumbered = memmem(name, n, ".kline-", 7) != NULL;
  r->stream[r->count].whole = r->stream[r->count].unnumbered || (n == 14 && !memcmp(name, "global.tickers", 14));
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

/* The lines of a file, without their ends. */
static char **read_lines(const char *file, int *count) {
  char line[4096], **all = NULL;
  FILE *f = fopen(file, "r");
  if (!f) { perror(file); exit(2); }
  for (*count = 0; fgets(line, sizeof line, f); ++*count) {
    line[strcspn(line, "\r\n")] = 0;
    all = realloc(all, (size_t)(*count + 1) * sizeof *all);
    if (!all || !(all[*count] = strdup(line))) abort();
  }
  fclose(f);
  if (!*count) { fprintf(stderr, "wsload: %s is empty\n", file); exit(2); }
  return all;
}

/* What was published last of a stream: to one connection, or with -1 to all that have the stream. */
static void set_target(Conn *cs, int n, const char *name, uint64_t seq, int one) {
  for (int r = 0; r < routen; r++)
    for (int s = 0; s < routes[r]->count; s++) {
      if (!tally.bare && strcmp(routes[r]->stream[s].name, name)) continue;
      if (one >= 0 && one < n && one % routen == r) cs[one].target[s] = seq;
      for (int i = r; one < 0 && i < n; i += routen) cs[i].target[s] = seq;
    }
}

/* Reads commands; true once the input or the work is to end. */
static int command(Conn *cs, int cn) {
  static char text[65536];
  static size_t n;
  ssize_t r = read(0, text + n, sizeof text - 1 - n);
  if (r < 0) return errno != EAGAIN && errno != EINTR;
  text[n += (size_t)r] = 0;
  char *line = text, *eol;
  int over = r == 0;
  for (; (eol = strchr(line, '\n')); line = eol + 1) {
    char name[NAME_MAX_BYTES];
    uint64_t seq;
    int one = -1;
    *eol = 0;
    if (!strcmp(line, "end")) over = 1;
    else if (sscanf(line, "last %119s %" SCNu64 " %d", name, &seq, &one) >= 2 && !tally.deflate)
      set_target(cs, cn, name, seq, one);
  }
  memmove(text, line, n = n - (size_t)(line - text));
  return over;
}

/* Says goodbye and lets the server close first, for a second at most. */
static void leave(Conn *cs, int n) {
  struct epoll_event events[256];
  uint64_t until = now_ns(CLOCK_MONOTONIC) + 1000000000ull;
  int open = 0;
  for (int i = 0; i < n; i++)
    if (cs[i].state == OPEN && !send_frame(&cs[i], 8, "\x03\xe8", 2)) open++;
  while (open > 0 && now_ns(CLOCK_MONOTONIC) < until) {
    int ready = epoll_wait(opening.ep, events, 256, 10);
    for (int i = 0; i < ready; i++) {
      Conn *c = events[i].data.ptr;
      ssize_t r = c && c->state == OPEN ? read(c->fd, buf, READ_MAX) : -1;
      if (c && c->state == OPEN && (r == 0 || (r < 0 && errno != EAGAIN))) drop(c), open--;
    }
  }
}

static int usage(void) {
  fprintf(stderr, "usage: wsload [--warmup S] [--from N] [--drain S] [--parallel N] [--control] [--paths FILE]\n"
                  "              [--tokens FILE] [--sample N] [--receive N] [--mss N] [--deflate] [--bare | --nats | --stomp EXCHANGE]\n"
                  "              HOST PORT PATH CONNECTIONS SECONDS\n");
  return 2;
}

int main(int ac, char **av) {
  static const struct option options[] = {
      {"warmup", 1, 0, 'w'}, {"from", 1, 0, 'f'}, {"drain", 1, 0, 'd'}, {"control", 0, 0, 'c'}, {"paths", 1, 0, 'p'},
      {"parallel", 1, 0, 'a'}, {"tokens", 1, 0, 't'}, {"sample", 1, 0, 's'}, {"bare", 0, 0, 'b'}, {"nats", 0, 0, 'n'},
      {"stomp", 1, 0, 'm'}, {"deflate", 0, 0, 'z'},
      {"receive", 1, 0, 'r'}, {"mss", 1, 0, 'g'}, {0, 0, 0, 0}};
  double warmup = 1, drain = 3;
  const char *paths = NULL, *tokens = NULL;
  int control = 0, o;
  tally.sample = 61, opening.parallel = 100;
  while ((o = getopt_long(ac, av, "+", options, NULL)) != -1) {
    if (o == 'w') warmup = atof(optarg);
    else if (o == 'f') tally.from = strtoull(optarg, NULL, 10);
    else if (o == 'd') drain = atof(optarg);
    else if (o == 'c') control = 1;
    else if (o == 'p') paths = optarg;
    else if (o == 'a') opening.parallel = atoi(optarg);
    else if (o == 't') tokens = optarg;
    else if (o == 's') tally.sample = (unsigned)atoi(optarg);
    else if (o == 'b') tally.bare = 1;
    else if (o == 'r') opening.receive = atoi(optarg);
    else if (o == 'g') opening.mss = atoi(optarg);
    else if (o == 'z') tally.deflate = 1;
    else if (o == 'n') opening.protocol = NATS;
    else if (o == 'm') opening.protocol = STOMP, stomp_exchange = optarg;
    else return usage();
  }
  if (ac - optind != 5) return usage();
  int n = opening.total = atoi(av[optind + 3]);
  double seconds = atof(av[optind + 4]);
  opening.host = av[optind];
  opening.to = (struct sockaddr_in){.sin_family = AF_INET, .sin_port = htons((uint16_t)atoi(av[optind + 1]))};
  if (n < 1 || tally.sample < 1 || opening.parallel < 1 || inet_pton(AF_INET, opening.host, &opening.to.sin_addr) != 1)
    return usage();

  routen = 1;
  char **texts = paths ? read_lines(paths, &routen) : &av[optind + 2];
  routes = calloc((size_t)routen, sizeof *routes);
  for (int r = 0; r < routen; r++) routes[r] = route_of(texts[r]);
  if (tokens) {
    int count;
    opening.tokens = read_lines(tokens, &count);
    if (count < n) { fprintf(stderr, "wsload: %s: %d tokens for %d connections\n", tokens, count, n); return 2; }
  }

  struct rlimit files;
  getrlimit(RLIMIT_NOFILE, &files);
  files.rlim_cur = files.rlim_max;
  setrlimit(RLIMIT_NOFILE, &files);
  signal(SIGPIPE, SIG_IGN);
  Conn *cs = calloc((size_t)n, sizeof *cs);
  for (int i = 0; i < n; i++) {
    size_t streams = (size_t)(cs[i].route = routes[i % routen])->count;
    cs[i].index = i, cs[i].last = malloc(streams * sizeof *cs[i].last), cs[i].target = calloc(streams, sizeof *cs[i].target);
    memset(cs[i].last, 0xff, streams * sizeof *cs[i].last);
  }
  opening.ep = epoll_create1(0);
  int over = !control, measured = 0, reading = control && !fcntl(0, F_SETFL, O_NONBLOCK), told = 0;
  struct epoll_event events[256], input = {.events = EPOLLIN, .data.ptr = NULL};
  uint64_t begun = now_ns(CLOCK_MONOTONIC), ready = 0, start = 0, stop = 0, heard = begun, window_from = 0, drain_until = 0;
  int told_resumed = 0;
  double connect_s = 0, served_s = 0, resumed_s = 0, window = 0, cpu = 0;
  for (;;) {
    uint64_t t = now_ns(CLOCK_MONOTONIC), bytes = 0;
    /* a few at a time: what those that are open are sent is read meanwhile */
    for (int few = 0; few < OPEN_AT_ONCE && opening.next < n && opening.trying < opening.parallel &&
                      !(opening.failed > 10 && !opening.opened); few++)
      try_next(&cs[opening.next]);
    int more = opening.next < n && opening.trying < opening.parallel && !(opening.failed > 10 && !opening.opened);
    /* nobody there, or nothing moves any more: what is not open now never will be */
    int nobody = opening.failed > 10 && !opening.opened, stuck = t - heard > 20000000000ull;
    if (!ready && (nobody || stuck || opening.opened + opening.failed == n)) {
      ready = t, connect_s = (double)(t - begun) / 1e9;
      start = ready + (uint64_t)(warmup * 1e9), stop = start + (uint64_t)(seconds * 1e9);
      fprintf(stderr, "ready %d of %d in %.2f s%s%s\n", opening.opened, n, connect_s, *tally.refusal ? ": " : "", tally.refusal);
      if (!opening.opened) return report(cs, n, connect_s, 0, 0, 0, 0);
      if (reading) epoll_ctl(opening.ep, EPOLL_CTL_ADD, 0, &input);
    }
    if (!told && tally.served && tally.served == (uint64_t)opening.opened && ready) {
      told = 1;
      fprintf(stderr, "served %" PRIu64 " in %.2f s\n", tally.served, served_s);
    }
    if (!told_resumed && tally.resumed && tally.resumed == (uint64_t)opening.opened && ready) {
      told_resumed = 1;
      fprintf(stderr, "resumed %" PRIu64 " in %.2f s\n", tally.resumed, resumed_s);
    }
    if (ready && !tally.measuring && !measured && t >= start) {
      count_segments(cs, n, 0);
      tally.measuring = 1, window_from = now_ns(CLOCK_MONOTONIC), cpu = cpu_seconds();
      fprintf(stderr, "measuring\n");
    }
    if (tally.measuring && t >= stop) {
      tally.measuring = 0, measured = 1;
      window = (double)(t - window_from) / 1e9, cpu = cpu_seconds() - cpu;
      count_segments(cs, n, 1);
      fprintf(stderr, "measured\n");
    }
    if (measured && over) {
      if (!drain_until) drain_until = t + (uint64_t)(drain * 1e9);
      int quiet = t - heard > 300000000ull;
      if (t >= drain_until || (control ? complete(cs, n, NULL) : quiet)) break;
    }
    uint64_t served = tally.served, resumed = tally.resumed;
    int count = epoll_wait(opening.ep, events, 256, more ? 0 : 10);
    for (int i = 0; i < count; i++) {
      Conn *c = events[i].data.ptr;
      if (!c) {
        if (command(cs, n)) over = 1, epoll_ctl(opening.ep, EPOLL_CTL_DEL, 0, NULL);
      } else if (serve(c, &bytes)) {
        heard = t;
      }
    }
    if (tally.measuring) window_bytes += bytes;
    if (tally.served != served) served_s = (double)(now_ns(CLOCK_MONOTONIC) - begun) / 1e9;
    if (tally.resumed != resumed) resumed_s = (double)(now_ns(CLOCK_MONOTONIC) - begun) / 1e9;
  }
  int status = report(cs, n, connect_s, served_s, resumed_s, window, cpu);
  if (reading && !over) epoll_ctl(opening.ep, EPOLL_CTL_DEL, 0, NULL);
  leave(cs, n);
  return status;
}
