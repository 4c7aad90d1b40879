// 96 MiB: written and read in order, then touched in every page, so that neither caches nor a TLB hold it.
#include "kernel.h"

#define WORDS (96u << 20 >> 3)

static uint64_t words[WORDS];

uint64_t kernel(uint64_t repetition) {
  uint64_t sum = 0;
  for (uint32_t i = 0; i < WORDS; i += 4) words[i] += repetition ^ i;
  for (uint32_t i = 0; i < WORDS; i += 2) sum += words[i] >> 3;
  // Every page is touched in each round, a line further on.
  for (uint32_t round = 0; round < 16; round++) {
    for (uint32_t i = round * 8 % 512; i < WORDS; i += 512) {
      words[i] ^= sum;
      sum += words[i];
    }
  }
  return sum;
}
