// What every guest starts with. A guest passes or fails through an environment call with a7 = magic and a0 = 0 or the
// number of the check that failed, from any mode. It may use every register but t5, t6, s1 to s7 and a7.
//
// Traps are taken by trap_m or trap_s, which note cause, pc, value and status in s2 to s5 and the handler's mode in s6,
// and go on at the address in s1 in the handler's mode.
#define MAGIC 0x57a7a
#define FINISHER 0x100000
#define ACLINT 0x2000000
#define MSIP ACLINT
#define MTIMECMP (ACLINT + 0x4000)
#define MTIME (ACLINT + 0xbff8)
#define MIE (1 << 3)
#define SIE (1 << 1)
#define FS (3 << 13)
#define MPRV (1 << 17)
#define SUM (1 << 18)
#define MXR (1 << 19)
#define TVM (1 << 20)
#define TW (1 << 21)
#define TSR (1 << 22)
#define U 0
#define S 1
#define M 3

.set number, 0

.macro fail
  li a0, number
  li a7, MAGIC
  ecall
.endm
.macro pass
  li a0, 0
  li a7, MAGIC
  ecall
.endm
// Fails unless the register holds the number; s7 shows what it holds.
.macro check register, value
  .set number, number + 1
  mv s7, \register
  li t6, \value
  beq s7, t6, .Lcheck\@
  fail
.Lcheck\@:
.endm
.macro check_address register, label
  .set number, number + 1
  mv s7, \register
  la t6, \label
  beq s7, t6, .Lcheck\@
  fail
.Lcheck\@:
.endm
.macro check_csr name, value
  csrr t6, \name
  check t6, \value
.endm
// The instruction traps with this cause and value, at its own address.
.macro traps cause, value, instruction:vararg
  la s1, .Ltrapped\@
.Ltraps\@:
  \instruction
  .set number, number + 1
  fail
  .balign 4
.Ltrapped\@:
  check s2, \cause
  check_address s3, .Ltraps\@
  check s4, \value
.endm
// The instruction is illegal; its encoding is the value.
.macro illegal instruction:vararg
  la s1, .Ltrapped\@
.Ltraps\@:
  \instruction
.Lbehind\@:
  .set number, number + 1
  fail
  .balign 4
.Ltrapped\@:
  check s2, 2
  check_address s3, .Ltraps\@
  la t5, .Ltraps\@
  la t6, .Lbehind\@
  sub t6, t6, t5
  lhu t5, 0(t5)
  addi t6, t6, -2
  beqz t6, .Lshort\@
  la t6, .Ltraps\@
  lhu t6, 2(t6)
  slli t6, t6, 16
  or t5, t5, t6
.Lshort\@:
  .set number, number + 1
  mv s7, s4
  beq s4, t5, .Lsame\@
  fail
.Lsame\@:
.endm
// From M to the label in another mode.
.macro enter mode, label
  li t5, 0x1800
  csrc mstatus, t5
  li t5, \mode << 11
  csrs mstatus, t5
  la t5, \label
  csrw mepc, t5
  mret
.endm
// From M, goes on in another mode.
.macro become mode
  enter \mode, .Lbecome\@
.Lbecome\@:
.endm
// From M: the instruction traps in another mode, into M.
.macro traps_in mode, cause, value, instruction:vararg
  become \mode
  traps \cause, \value, \instruction
.endm
.macro illegal_in mode, instruction:vararg
  become \mode
  illegal \instruction
.endm
// From M: executes the instruction in another mode, its address moved by the offset, and comes back to M: s2 is the
// mode's environment call, 8 or 9, unless the instruction trapped. A jump away is to lead to an environment call.
.macro attempt mode, offset, instruction:vararg
  la s1, .Ldone\@
  li t5, 0x1800
  csrc mstatus, t5
  li t5, \mode << 11
  csrs mstatus, t5
  la t5, .Lattempt\@
  li t6, \offset
  add t5, t5, t6
  csrw mepc, t5
  li a7, 0
  mret
.Lattempt\@:
  \instruction
  ecall
  .balign 4
.Ldone\@:
.endm
// The attempt traps with this cause and value.
.macro fails cause, value, mode, offset, instruction:vararg
  attempt \mode, \offset, \instruction
  check s2, \cause
  check s4, \value
.endm
.macro succeeds mode, offset, instruction:vararg
  attempt \mode, \offset, \instruction
  check s2, 8 + \mode
.endm
// From any mode to M.
.macro become_m
  la s1, .Lbecome\@
  li a7, 0
  ecall
.Lbecome\@:
  .set number, number + 1
  addi t6, s2, -8
  li t5, 4
  mv s7, s2
  bltu t6, t5, .Lcalled\@
  fail
.Lcalled\@:
.endm
.macro set csr, value
  li t5, \value
  csrs \csr, t5
.endm
.macro clear csr, value
  li t5, \value
  csrc \csr, t5
.endm
.macro write csr, value
  li t5, \value
  csrw \csr, t5
.endm
.macro store_word address, value
  li t5, \address
  li t6, \value
  sw t6, 0(t5)
.endm
.macro store_double address, value
  li t5, \address
  li t6, \value
  sd t6, 0(t5)
.endm
// An entry of a page table: where it leads, and its flags.
.macro entry table, index, physical, flags
  store_double (\table) + 8 * (\index), ((\physical) >> 12 << 10) | (\flags)
.endm
#define PV 1
#define PR 2
#define PW 4
#define PX 8
#define PU 16
#define PA 64
#define PD 128
#define RWX (PV | PR | PW | PX | PA | PD)
// Memory that guests use as they like.
#define TABLES 0x80200000
#define PAGES 0x80300000

.text
.option norvc
.option nopic
  j finish
.balign 64
trap_m:
  csrr s2, mcause
  addi t6, s2, -8
  li t5, 3
  bgtu t6, t5, 1f
  li t5, MAGIC
  beq a7, t5, finish
1:
  csrr s3, mepc
  csrr s4, mtval
  csrr s5, mstatus
  li s6, 3
  jr s1
finish:
  li t5, MPRV
  csrc mstatus, t5
  li t5, FINISHER
  li t6, 0x5555
  beqz a0, 1f
  slli a0, a0, 16
  li t6, 0x3333
  or t6, t6, a0
1:
  sw t6, 0(t5)
  j .
.balign 64
trap_s:
  csrr s2, scause
  csrr s3, sepc
  csrr s4, stval
  csrr s5, sstatus
  li s6, 1
  jr s1
// A guest starts in M with its traps going here and everything permitted.
begin:
  la t5, trap_m
  csrw mtvec, t5
  la t5, trap_s
  csrw stvec, t5
  li t5, -1
  csrw pmpaddr0, t5
  li t5, 0x1f
  csrw pmpcfg0, t5
  jr a0
