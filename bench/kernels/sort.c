// A quicksort in the style of C's qsort: any element, compared by a callback through a pointer.
#include "kernel.h"

#define COUNT 20000

typedef struct { uint32_t key, serial; uint64_t payload; } record;
typedef int comparison(const void *, const void *);

static void swap(char *a, char *b, size_t size) {
  for (size_t i = 0; i < size; i += 8) {
    uint64_t *x = (uint64_t *)(a + i), *y = (uint64_t *)(b + i), t = *x;
    *x = *y;
    *y = t;
  }
}

static void sort(char *base, size_t count, size_t size, comparison *compare) {
  while (count > 10) {
    // The median of three goes first, as the pivot.
    char *middle = base + count / 2 * size, *last = base + (count - 1) * size;
    if (compare(middle, base) > 0) swap(middle, base, size);
    if (compare(last, base) > 0) swap(last, base, size);
    if (compare(middle, last) > 0) swap(middle, base, size); else swap(last, base, size);
    size_t low = 0, high = count;
    for (;;) {
      do low++; while (low < count && compare(base + low * size, base) < 0);
      do high--; while (compare(base + high * size, base) > 0);
      if (low >= high) break;
      swap(base + low * size, base + high * size, size);
    }
    swap(base, base + high * size, size);
    // The shorter part by recursion keeps the stack small.
    size_t right = count - high - 1;
    if (high < right) {
      sort(base, high, size, compare);
      base += (high + 1) * size;
      count = right;
    } else {
      sort(base + (high + 1) * size, right, size, compare);
      count = high;
    }
  }
  for (size_t i = 1; i < count; i++) {
    for (size_t j = i; j > 0 && compare(base + (j - 1) * size, base + j * size) > 0; j--) {
      swap(base + (j - 1) * size, base + j * size, size);
    }
  }
}

static int by_key(const void *a, const void *b) {
  const record *x = a, *y = b;
  if (x->key != y->key) return x->key < y->key ? -1 : 1;
  return x->serial < y->serial ? -1 : x->serial > y->serial;
}

static int by_payload(const void *a, const void *b) {
  const record *x = a, *y = b;
  return x->payload < y->payload ? -1 : x->payload > y->payload;
}

// Volatile, so that the compiler does not know whom it calls.
static comparison *volatile comparisons[] = { by_key, by_payload };
static record records[COUNT];

uint64_t kernel(uint64_t repetition) {
  uint64_t random = 0x9e3779b97f4a7c15u ^ repetition, sum = 0;
  for (uint32_t i = 0; i < COUNT; i++) {
    uint64_t x = next_random(&random);
    records[i] = (record){ (uint32_t)x & 0xfff, i, x };
  }
  for (int pass = 0; pass < 2; pass++) {
    comparison *compare = comparisons[pass];
    sort((char *)records, COUNT, sizeof(record), compare);
    for (int i = 1; i < COUNT; i++) if (compare(&records[i - 1], &records[i]) > 0) return 0;
    for (int i = 0; i < COUNT; i++) sum = sum * 31 + records[i].serial;
  }
  return sum;
}
