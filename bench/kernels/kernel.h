// What a kernel and the harness agree on. A kernel is one file; it runs freestanding on a bare board, and as a program of the host.
#ifndef KERNEL_H
#define KERNEL_H

#include <stddef.h>
#include <stdint.h>

// One repetition of the work. The checksum depends on all of its results; `repetition` makes each one's work differ.
uint64_t kernel(uint64_t repetition);

// Marsaglia's xorshift64; the state must not be 0.
static inline uint64_t next_random(uint64_t *state) {
  uint64_t x = *state;
  x ^= x << 13;
  x ^= x >> 7;
  x ^= x << 17;
  return *state = x;
}

static inline uint64_t double_bits(double value) {
  union { double value; uint64_t bits; } both = { value };
  return both.bits;
}

#endif
