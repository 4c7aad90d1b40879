// Checks itself on a bare board: paging, traps, interrupts, atomics, code that changes itself, floating point. Prints a
// letter for each check that holds and powers off; a check that fails reports its letter's number as the exit code.
#define UART 0x10000000
#define FINISHER 0x100000
#define MTIMECMP 0x2004000
#define MTIME 0x200bff8

.macro ok letter
  li t6, UART
  li t5, \letter
  sb t5, 0(t6)
.endm
.macro expect register, value, letter
  li t6, \value
  li a0, \letter
  bne \register, t6, failed
  ok \letter
.endm

.option norvc
start:
  la t0, handler
  csrw mtvec, t0
  li t0, 3 << 13
  csrs mstatus, t0

  // Misaligned, across two pages.
  la t0, pages
  li t1, 4093
  add t0, t0, t1
  li t1, 0x1122334455667788
  sd t1, 0(t0)
  ld t2, 0(t0)
  expect t2, 0x1122334455667788, 'a'

  la t0, pages
  li t1, 40
  sd t1, 0(t0)
  li t2, 2
  amoadd.d t3, t2, (t0)
  lr.d t4, (t0)
  sc.d t5, t3, (t0)
  bnez t5, failed
  ld t5, 0(t0)
  add t4, t4, t5
  expect t4, 82, 'b'

  // Code that changes itself: addi s2, zero, 1 becomes addi s2, zero, 7.
  la t0, 1f
  li t1, 0x00700913
  sw t1, 0(t0)
  fence.i
1: addi s2, zero, 1
  expect s2, 7, 'c'

  // A third, rounded towards each side, and the flag for inexact.
  li t0, 1
  li t1, 3
  fcvt.d.l fa0, t0
  fcvt.d.l fa1, t1
  fdiv.d fa2, fa0, fa1, rup
  fdiv.d fa3, fa0, fa1, rdn
  fmv.x.d t0, fa2
  fmv.x.d t1, fa3
  sub t0, t0, t1
  csrr t1, fflags
  slli t1, t1, 4
  or t0, t0, t1
  expect t0, 0x11, 'd'
  // Fused: (1 + 2^-52)^2 - (1 + 2^-51) is 2^-104.
  li t0, 0x3ff0000000000001
  li t1, 0xbff0000000000002
  fmv.d.x fa0, t0
  fmv.d.x fa1, t1
  fmadd.d fa2, fa0, fa0, fa1
  fmv.x.d t0, fa2
  expect t0, 0x3970000000000000, 'e'

  ebreak
  expect s2, 3, 'f'

  // Supervisor mode under Sv39 with one leaf of 1 GiB, and a page that is not there.
  li t0, -1
  csrw pmpaddr0, t0
  li t0, 0x1f
  csrw pmpcfg0, t0
  la t0, table
  li t1, (0x80000000 >> 12 << 10) | 0xcf
  sd t1, 16(t0)
  srli t0, t0, 12
  li t1, 8 << 60
  or t0, t0, t1
  csrw satp, t0
  sfence.vma
  la t0, supervised
  csrw mepc, t0
  li t0, 3 << 11
  csrc mstatus, t0
  li t0, 1 << 11
  csrs mstatus, t0
  mret
supervised:
  li t0, 0x40000000
  ld t1, 0(t0)
  expect s2, 13, 'g'

  // The handler has left us in machine mode. A timer interrupt ends the wait.
  li t0, 1 << 7
  csrs mie, t0
  li t0, MTIME
  ld t1, 0(t0)
  addi t1, t1, 1000
  li t0, MTIMECMP
  sd t1, 0(t0)
  csrsi mstatus, 8
1: wfi
  bgez s2, 1b
  expect s2, 0x8000000000000007, 'h'
  ok '\n'
  li t0, FINISHER
  li t1, 0x5555
  sw t1, 0(t0)
1: wfi
  j 1b
failed:
  li t0, FINISHER
  slli a0, a0, 16
  li t1, 0x3333
  or t1, t1, a0
  sw t1, 0(t0)
2: wfi
  j 2b

  // Notes the cause in s2 and goes on behind the instruction, in machine mode.
.balign 4
handler:
  csrr s2, mcause
  csrr t6, mepc
  bltz s2, 1f
  addi t6, t6, 4
1:
  csrw mepc, t6
  li t6, 0x1880
  csrs mstatus, t6
  // No more interrupts.
  csrw mie, zero
  csrw satp, zero
  mret

.balign 4096
table: .zero 4096
pages: .zero 8192
