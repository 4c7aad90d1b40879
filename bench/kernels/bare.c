// Runs a kernel on a bare RISC-V board in machine mode: 16550 at 0x1000_0000 for the checksum, SiFive's test finisher
// at 0x10_0000 for power-off. RAM begins at 0x8000_0000, where execution starts.
#include "kernel.h"

__asm__(
  ".section .text.start, \"ax\"\n"
  ".globl start\n"
  "start:\n"
  "  .option push\n"
  "  .option norelax\n"
  "  la gp, __global_pointer$\n"
  "  .option pop\n"
  "  la sp, stack_top\n"
  "  li t0, 0x6000\n" // mstatus.FS: floating point is on
  "  csrs mstatus, t0\n"
  "  call run\n"
  "1: wfi\n"
  "  j 1b\n"
  ".text\n");

static volatile uint8_t *const uart = (volatile uint8_t *)0x10000000;
static volatile uint32_t *const finisher = (volatile uint32_t *)0x100000;

// The compiler calls these wherever it likes, freestanding or not.
void *memcpy(void *restrict to, const void *restrict from, size_t count) {
  uint8_t *restrict t = to;
  const uint8_t *restrict f = from;
  while (count--) *t++ = *f++;
  return to;
}

void *memset(void *to, int value, size_t count) {
  uint8_t *t = to;
  while (count--) *t++ = (uint8_t)value;
  return to;
}

static void put(char c) {
  while (!(uart[5] & 0x20)) {}
  uart[0] = (uint8_t)c;
}

void run(void) {
  uint64_t checksum = 0;
  for (uint64_t i = 1; i <= REPETITIONS; i++) checksum = checksum * 31 + kernel(i);
  for (int shift = 60; shift >= 0; shift -= 4) put("0123456789abcdef"[checksum >> shift & 15]);
  put('\n');
  while (!(uart[5] & 0x40)) {}
  *finisher = 0x5555;
}
