// CRC-32 of 64 KiB with a table, then the sieve of Eratosthenes up to 200,000: bytes, loads by computed index, stores.
#include "kernel.h"

#define LENGTH 65536
#define LIMIT 200000

static uint8_t data[LENGTH], composite[LIMIT];
static uint32_t table[256];

uint64_t kernel(uint64_t repetition) {
  for (uint32_t i = 0; i < 256; i++) {
    uint32_t c = i;
    for (int bit = 0; bit < 8; bit++) c = c & 1 ? c >> 1 ^ 0xedb88320u : c >> 1;
    table[i] = c;
  }
  for (uint32_t i = 0; i < LENGTH; i++) data[i] = (uint8_t)(i * 3 + repetition);
  uint32_t crc = ~0u;
  for (uint32_t i = 0; i < LENGTH; i++) crc = table[(crc ^ data[i]) & 255] ^ crc >> 8;
  for (uint32_t i = 0; i < LIMIT; i++) composite[i] = 0;
  uint32_t primes = 0;
  for (uint32_t i = 2; i < LIMIT; i++) {
    if (composite[i]) continue;
    primes++;
    for (uint64_t j = (uint64_t)i * i; j < LIMIT; j += i) composite[j] = 1;
  }
  return (uint64_t)~crc << 32 | primes;
}
