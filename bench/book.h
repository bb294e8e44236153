/* Order books that play a trace of Peatio's engine in a loop: harness/book_trace.ts makes the trace,
 * from the model in src/source/simulator, and says how it is written. */
#ifndef BENCH_BOOK_H
#define BENCH_BOOK_H

#include <inttypes.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Levels a side in a snapshot, as Peatio has it; bytes of a price and of an amount. */
enum { SNAPSHOT_LEVELS = 301, NUMBER_MAX = 24, LEVEL_MAX = 2 * NUMBER_MAX + 8 };

typedef struct {
  int side, index; /* 0: asks, 1: bids; of the price */
  char amount[NUMBER_MAX]; /* empty: the level goes */
} Change;

/* Read once, shared by all books. */
typedef struct {
  struct { int count; char (*price)[NUMBER_MAX], (*opening)[NUMBER_MAX]; } side[2];
  Change *change;
  size_t changes;
} Trace;

typedef struct {
  const Trace *trace;
  uint64_t sequence;      /* of the last increment */
  size_t next;            /* change */
  const Change *changed;  /* already made in the amounts, not yet published */
  const char **amount[2]; /* by price; empty: the level is not there */
  int snapshot_due;       /* with the next increment */
} Book;

static inline void *grown(void *list, size_t count, size_t size) {
  if (count & (count - 1)) return list; /* room for the next power of two */
  list = realloc(list, (count ? 2 * count : 1) * size);
  if (!list) abort();
  return list;
}

/* 0, or -1 when the file is not there or is not a trace. */
static inline int read_trace(Trace *trace, const char *path) {
  FILE *file = fopen(path, "r");
  if (!file) return -1;
  char line[128], what[8], side[8], first[NUMBER_MAX], amount[NUMBER_MAX];
  int bad = 0;
  while (!bad && fgets(line, sizeof line, file)) {
    *amount = 0;
    if ((bad = sscanf(line, "%7s %7s %23s %23s", what, side, first, amount) < 3)) break;
    int s = !strcmp(side, "bids");
    if (!strcmp(what, "level")) {
      int n = trace->side[s].count++;
      trace->side[s].price = grown(trace->side[s].price, (size_t)n, NUMBER_MAX);
      trace->side[s].opening = grown(trace->side[s].opening, (size_t)n, NUMBER_MAX);
      strcpy(trace->side[s].price[n], first);
      strcpy(trace->side[s].opening[n], amount);
    } else {
      Change *change = trace->change = grown(trace->change, trace->changes, sizeof *trace->change);
      change += trace->changes++;
      change->side = s, change->index = atoi(first);
      strcpy(change->amount, amount);
      bad = change->index < 0 || change->index >= trace->side[s].count;
    }
  }
  fclose(file);
  return bad || !trace->changes ? -1 : 0;
}

static inline void make_book(Book *book, const Trace *trace, uint64_t sequence) {
  *book = (Book){.trace = trace, .sequence = sequence};
  for (int side = 0; side < 2; side++) {
    int count = trace->side[side].count;
    book->amount[side] = malloc((size_t)(count + 1) * sizeof **book->amount);
    if (!book->amount[side]) abort();
    for (int k = 0; k < count; k++) book->amount[side][k] = trace->side[side].opening[k];
  }
}

/* ["0.03100005","4021.12345678"] */
static inline int write_level(char *out, const char *price, const char *amount) {
  return sprintf(out, "[\"%s\",\"%s\"]", price, amount);
}

/* Makes the next change in the amounts. Until it is published, a snapshot has it already, and the
 * sequence before it: that is how Peatio publishes snapshots. */
static inline void change_book(Book *book) {
  const Change *change = book->changed = &book->trace->change[book->next];
  book->next = (book->next + 1) % book->trace->changes;
  book->amount[change->side][change->index] = change->amount;
}

/* The change as a level, published with this sequence; returns its side. */
static inline int publish_change(Book *book, uint64_t sequence, char *level) {
  const Change *change = book->changed;
  book->sequence = sequence;
  write_level(level, book->trace->side[change->side].price[change->index], change->amount);
  return change->side;
}

/* The book as of now, in at most (2 * SNAPSHOT_LEVELS + 2) * LEVEL_MAX bytes. */
static inline int write_snapshot(char *out, const Book *book) {
  int n = 0;
  for (int side = 0; side < 2; side++) {
    n += sprintf(out + n, "%s\":[", side ? "],\"bids" : "{\"asks");
    int levels = 0;
    for (int k = 0; k < book->trace->side[side].count && levels < SNAPSHOT_LEVELS; k++) {
      if (!*book->amount[side][k]) continue;
      if (levels++) out[n++] = ',';
      n += write_level(out + n, book->trace->side[side].price[k], book->amount[side][k]);
    }
  }
  return n + sprintf(out + n, "],\"sequence\":%" PRIu64 "}", book->sequence);
}

#endif
