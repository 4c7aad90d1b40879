/**
 * Where a CPU's state lies in linear memory. Every CPU has one block of `stateBytes`, all of them within the first
 * 64 KiB, so that a pre-decoded slot can hold a register's address in 16 bits.
 */
export const stateBytes = 0x400

/** Cells the engine itself uses; an ISA's own follow from `isaCells`. Offsets in bytes from the CPU's block. */
export const cells = {
  /** i64: address of the next instruction. */
  pc: 0x000,
  /** i32: instructions that may still retire in this run. */
  budget: 0x008,
  /** i32: why the current access did not happen: 0, or a `leave` code. */
  fault: 0x00c,
  /** i32, i64: the ISA's number of a trap and the value that goes with it. */
  cause: 0x010,
  trapValue: 0x018,
  /** i32: the block of translation tables in use. */
  tlb: 0x014,
  /** i64 ×2, i32 ×3: a pending access to something that is not RAM. */
  deviceAddress: 0x020,
  deviceValue: 0x028,
  deviceWidth: 0x030,
  deviceWrites: 0x034,
  /** i32: one of `deviceAnswer`. */
  deviceAnswer: 0x038,
  /** i32: address in linear memory that is reserved (0: none), and the i64 it held. */
  reservation: 0x03c,
  reservedValue: 0x040,
  /** i64 ×2, i32 ×2: RAM's guest-physical start and size, its offset in linear memory, the page flags. */
  ramBase: 0x048,
  ramSize: 0x050,
  ramOffset: 0x058,
  pageFlags: 0x05c,
  /** i32: the slot at which the interpreter left. */
  slot: 0x060,
  /** i32: changes whenever addresses may be translated differently from before. */
  epoch: 0x064,
  /** i64: address of an instruction that is for the interpreter even if a region starts there; odd if there is none. */
  single: 0x068,
  /** i32: not 0 if a region left because the budget did not suffice for its next block. */
  starved: 0x070,
} as const
export const isaCells = 0x078

/** No instruction, in cell `single`. */
export const noSingle = -1n

/** What the answer to a device access is, at its second execution. */
export const deviceAnswer = { none: 0, ready: 1, refused: 2 } as const

/** Why the interpreter left. */
export const leave = {
  /** The budget is used up. */
  budget: 0,
  /** No slots are known for the page of `pc`. */
  fetch: 1,
  /** The slot of `pc` holds no instruction yet. */
  decode: 2,
  /** The instruction at `pc` is one for the ISA's host-side code. */
  service: 3,
  /** The instruction at `pc` trapped: `cause` and `trapValue`. */
  trap: 4,
  /** The instruction at `pc` waits for a device. */
  device: 5,
  /** The instruction at `pc` is illegal. */
  illegal: 6,
  /** The instruction at `pc` continues on the next page. */
  straddle: 7,
  /** The instruction at `pc` would have changed decoded code, which is now dropped: execute it again. */
  again: 8,
} as const

/** A flag in a RAM page's byte of `pageFlags`: slots were decoded from it, so stores to it must be noticed. */
export const pageHoldsCode = 1
