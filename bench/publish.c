/* publish: sends an exchange's events at a steady rate.
 *
 *   cc -O2 -Wall -Wextra -o bin/publish publish.c
 *   publish [OPTIONS] ADDRESS EXCHANGE RATE SECONDS LINE...
 *   publish amqp://guest:guest@127.0.0.1:5672 peatio.events.ranger 1000 5 trades:200:1:1:public.usdbtc.trades
 *
 * ADDRESS is amqp://user:password@host:port, nats://host:port, or http://host:port of Nchan's
 * publisher; the last two have no exchange and ignore the word. A LINE is KIND:BYTES:WEIGHT:COUNT:KEY,
 * a share of the events: KIND is trades, ob_inc, kline, tickers, order or trade, BYTES of an event
 * (0: as it comes), WEIGHT its share among the lines, COUNT how many keys take turns, KEY the routing
 * key, subject or channel, with one %d for the number of the key, from 0 on.
 *
 * Options
 *   --from N     the number of each stream's first event (1)
 *   --trace FILE what the order books behind ob_inc are and how they change, see book.h
 *   --snap S     seconds between two snapshots of one order book (2); AMQP only
 *   --wait       says "ready" on standard error once connected, and begins with a line on standard input
 *   --tick MS    what falls due within a tick goes out with one write (1)
 *
 * RATE is events a second over all lines together. Each stream's events are numbered ("seq") and
 * carry the time of their sending in nanoseconds since the epoch ("ts"). Order books begin with a
 * snapshot (KEY with -snap for -inc), before "ready"; increments carry "sequence" as well. Later
 * snapshots come as Peatio's do: right before an increment, with its change and the sequence before.
 * An AMQP exchange is declared passively first, then, where it is missing, as a topic exchange.
 *
 * It does not hide that it could not keep up: "max_late_ms" is the longest that an event waited
 * for its sending, and "fell_behind" is true when that was over 100 ms or an event was not sent.
 *
 * On standard output one line of JSON, once the other side has taken every event. Exit: 0, 1 when
 * it refused or went away, 2 usage. In C because it shares a core with broker and load generator.
 */
#define _GNU_SOURCE
#include <getopt.h>
#include <sys/resource.h>

#include "amqp.h"
#include "otherfeeds.h"

enum { LINES_MAX = 16, TURNS_MAX = 10000, BOOKS_MAX = 1000, KEY_MAX_BYTES = 200 };

typedef struct {
  enum kind kind;
  int bytes, weight, count;
  const char *key;
  uint64_t sent;
  Book *books;
  int next_book; /* whose snapshot is due next */
} Line;

static Line lines[LINES_MAX];
static int linen, turns[TURNS_MAX], turnn;
static Address to;
static enum { AMQP, NATS, HTTP } protocol;
static const char *exchange;
static char *body;
static Trace trace;

static void put(const char *key, int size) {
  if (protocol == AMQP) amqp_put(exchange, key, body, size);
  else if (protocol == NATS) nats_put(key, body, size);
  else http_put(&to, key, body, size);
}

static void name_key(char *key, const Line *line, uint64_t number) {
  const char *percent = strchr(line->key, '%');
  if (!percent) strcpy(key, line->key);
  else sprintf(key, "%.*s%d%s", (int)(percent - line->key), line->key, (int)number, percent + 2);
}

static int read_line(const char *text) {
  static const char *const names[] = {"trades", "ob_inc", "kline", "tickers", "order", "trade"};
  char kind[16];
  int at = 0;
  Line *line = &lines[linen];
  if (linen == LINES_MAX || sscanf(text, "%15[^:]:%d:%d:%d:%n", kind, &line->bytes, &line->weight, &line->count, &at) < 4)
    return -1;
  for (line->kind = 0; line->kind < KIND_COUNT && strcmp(names[line->kind], kind); line->kind++) continue;
  line->key = text + at;
  linen++;
  return !at || line->kind == KIND_COUNT || line->bytes < 0 || line->bytes > EVENT_MAX || line->weight < 1 ||
                 line->weight > TURNS_MAX || line->count < 1 || strlen(line->key) > KEY_MAX_BYTES - 12 ||
                 (line->kind == KIND_ob_inc && line->count > BOOKS_MAX)
             ? -1 : 0;
}

/* Whose turn it is, spread as evenly as the weights allow. */
static void spread_turns(void) {
  int sum = 0, credit[LINES_MAX] = {0};
  for (int l = 0; l < linen; l++) sum += lines[l].weight;
  if (sum > TURNS_MAX) fail("weights of more than %d together", TURNS_MAX);
  for (turnn = 0; turnn < sum; turnn++) {
    int most = 0;
    for (int l = 0; l < linen; l++) {
      credit[l] += lines[l].weight;
      if (credit[l] > credit[most]) most = l;
    }
    credit[most] -= sum;
    turns[turnn] = most;
  }
}

static void put_snapshot(const Line *line, int which) {
  char key[KEY_MAX_BYTES], *end;
  name_key(key, line, (uint64_t)which);
  end = key + strlen(key) - 4;
  if (strcmp(end, "-inc")) fail("%s: the key of an order book ends in -inc", key);
  strcpy(end, "-snap");
  put(key, write_snapshot(body, &line->books[which]));
}

static void put_next(uint64_t number, uint64_t from) {
  Line *line = &lines[turns[number % (uint64_t)turnn]];
  uint64_t which = line->sent % (uint64_t)line->count, seq = from + line->sent / (uint64_t)line->count;
  char key[KEY_MAX_BYTES];
  Book *book = line->books ? &line->books[which] : NULL;
  if (book) {
    change_book(book);
    if (book->snapshot_due) put_snapshot(line, (int)which);
    book->snapshot_due = 0;
  }
  name_key(key, line, which);
  put(key, write_event(body, line->kind, line->bytes, seq, now_ns(CLOCK_REALTIME), book));
  line->sent++;
}

/* One book of each line becomes due for a snapshot: within `period` seconds all have their turn. */
static void mark_due_snapshots(double elapsed, double period) {
  for (int l = 0; l < linen; l++) {
    Line *line = &lines[l];
    if (!line->books || protocol != AMQP || period <= 0) continue;
    if (elapsed * line->count / period < line->next_book + 1) continue;
    line->books[line->next_book++ % line->count].snapshot_due = 1;
  }
}

static void make_books(uint64_t from) {
  for (int l = 0; l < linen; l++) {
    Line *line = &lines[l];
    if (line->kind != KIND_ob_inc) continue;
    line->books = calloc((size_t)line->count, sizeof *line->books);
    for (int k = 0; k < line->count; k++) {
      make_book(&line->books[k], &trace, from - 1);
      if (protocol != AMQP) continue;
      put_snapshot(line, k);
      flush();
    }
  }
}

static int usage(void) {
  fprintf(stderr, "usage: publish [--from N] [--trace FILE] [--snap S] [--wait] [--tick MS] ADDRESS EXCHANGE RATE SECONDS"
                  " KIND:BYTES:WEIGHT:COUNT:KEY...\n");
  return 2;
}

int main(int ac, char **av) {
  static const struct option options[] = {{"from", 1, 0, 'f'}, {"trace", 1, 0, 'b'}, {"snap", 1, 0, 's'},
                                          {"wait", 0, 0, 'w'}, {"tick", 1, 0, 't'}, {0, 0, 0, 0}};
  int wait = 0, o;
  double tick = 1, snap = 2;
  uint64_t from = 1;
  while ((o = getopt_long(ac, av, "+", options, NULL)) != -1) {
    if (o == 'f') from = strtoull(optarg, NULL, 10);
    else if (o == 'b' && read_trace(&trace, optarg)) fail("%s is not a trace", optarg);
    else if (o == 'b') continue;
    else if (o == 's') snap = atof(optarg);
    else if (o == 'w') wait = 1;
    else if (o == 't') tick = atof(optarg);
    else return usage();
  }
  if (ac - optind < 5 || from < 1) return usage();
  exchange = av[optind + 1];
  double rate = atof(av[optind + 2]), seconds = atof(av[optind + 3]);
  for (int i = optind + 4; i < ac; i++)
    if (read_line(av[i]) || (lines[linen - 1].kind == KIND_ob_inc && !trace.changes)) return usage();
  body = malloc(EVENT_MAX + (2 * SNAPSHOT_LEVELS + 2) * LEVEL_MAX);
  spread_turns();
  to = read_address(av[optind]);
  protocol = !strcmp(to.scheme, "nats") ? NATS : !strcmp(to.scheme, "http") ? HTTP : AMQP;
  if (protocol == AMQP) amqp_open(&to, exchange);
  else if (protocol == NATS) nats_open(&to);
  else dial(&to);
  make_books(from);
  if (protocol == AMQP) amqp_sync(exchange);
  if (wait) {
    fprintf(stderr, "ready\n");
    if (getchar() == EOF) return 0; /* not needed after all */
  }

  uint64_t wanted = (uint64_t)(rate * seconds), sent = 0;
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
    while (sent < due && outn < OUT_MAX) put_next(sent++, from);
    mark_due_snapshots((double)(now - begin) / 1e9, snap);
    flush();
    if (protocol == HTTP) heard("HTTP/1.1 20", 0);
    wake += (uint64_t)(tick * 1e6);
    if (wake < now) wake = now;
    struct timespec at = {(time_t)(wake / 1000000000), (long)(wake % 1000000000)};
    clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &at, NULL);
  }
  double took = (double)(now_ns(CLOCK_MONOTONIC) - begin) / 1e9;
  if (protocol == AMQP) amqp_close();
  else if (protocol == NATS) nats_close();
  else http_close();

  struct rusage r;
  getrusage(RUSAGE_SELF, &r);
  double cpu = (double)(r.ru_utime.tv_sec + r.ru_stime.tv_sec) + (double)(r.ru_utime.tv_usec + r.ru_stime.tv_usec) / 1e6;
  printf("{\"wanted\":%" PRIu64 ",\"published\":%" PRIu64 ",\"seconds\":%.3f,\"rate\":%.1f,\"max_late_ms\":%.2f,"
         "\"fell_behind\":%s,\"cpu\":%.3f,\"from\":%" PRIu64 ",\"lines\":[",
         wanted, sent, took, (double)sent / took, (double)max_late / 1e6,
         sent < wanted || max_late > 100000000ull ? "true" : "false", cpu / took, from);
  for (int l = 0; l < linen; l++)
    printf("%s{\"key\":\"%s\",\"count\":%d,\"sent\":%" PRIu64 "}", l ? "," : "", lines[l].key, lines[l].count, lines[l].sent);
  printf("]}\n");
  return 0;
}
