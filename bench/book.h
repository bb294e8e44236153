/* An order book that changes by its own rule, so that its snapshot and its increments fit together:
 * the server applies the ones and checks them against the other. */
#ifndef BENCH_BOOK_H
#define BENCH_BOOK_H

#include <inttypes.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

enum { LEVEL_MAX = 80, BOOK_BYTES_PER_LEVEL = 40 };

/* Levels of a side, best first, a tick of 0.05 apart around 31,000; amounts in units of 1e-8. */
typedef struct {
  int depth;
  uint64_t sequence, *amount[2]; /* asks, bids; 0: the level is not there */
} Book;

static inline void make_book(Book *book, int depth, uint64_t sequence) {
  book->depth = depth, book->sequence = sequence;
  for (int side = 0; side < 2; side++) {
    book->amount[side] = malloc((size_t)depth * sizeof **book->amount);
    if (!book->amount[side]) abort();
    for (int k = 0; k < depth; k++) book->amount[side][k] = 100000000 + (uint64_t)k * 7654321 % 800000000;
  }
}

/* ["31000.05000000","1.20455012"] */
static inline int write_level(char *out, int side, int k, uint64_t amount) {
  int ticks = 620000 + (side ? -k - 1 : k + 1);
  int n = sprintf(out, "[\"%d.%02d000000\",", ticks / 20, ticks % 20 * 5);
  if (!amount) return n + sprintf(out + n, "\"0.0\"]");
  return n + sprintf(out + n, "\"%" PRIu64 ".%08" PRIu64 "\"]", amount / 100000000, amount % 100000000);
}

/* Makes the change of this number and writes it as a level; returns its side. One in four takes a
 * level away, which comes back with the next change to it. */
static inline int change_book(Book *book, uint64_t sequence, char *level) {
  int side = (int)(sequence & 1), k = (int)(sequence / 2 * 37 % (uint64_t)book->depth);
  uint64_t *amount = &book->amount[side][k];
  *amount = *amount && (sequence & 6) == 6 ? 0 : 100000000 + sequence * 7919 % 800000000;
  book->sequence = sequence;
  write_level(level, side, k, *amount);
  return side;
}

/* The book as of now, in at most (2 * depth + 2) * BOOK_BYTES_PER_LEVEL bytes. */
static inline int write_snapshot(char *out, const Book *book) {
  int n = 0;
  for (int side = 0; side < 2; side++) {
    n += sprintf(out + n, "%s\":[", side ? "],\"bids" : "{\"asks");
    int empty = 1;
    for (int k = 0; k < book->depth; k++) {
      if (!book->amount[side][k]) continue;
      if (!empty) out[n++] = ',';
      empty = 0;
      n += write_level(out + n, side, k, book->amount[side][k]);
    }
  }
  return n + sprintf(out + n, "],\"sequence\":%" PRIu64 "}", book->sequence);
}

#endif
