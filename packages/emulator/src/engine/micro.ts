import type { Code } from '../wasm/code.ts'
import type { Access, I32, I64, Type, Value } from '../wasm/value.ts'

/**
 * What the meaning of an instruction is written against. Each tier implements it: the interpreter reads operands from a
 * pre-decoded slot, a translator has them as constants and keeps registers in locals. A meaning runs front to back when
 * code is emitted, and what it calls here is emitted in that order; it ends at once after `branch`, `jump` or `jumpTo`.
 * Anything that may fault (a load, a store, `illegalIf`) comes before the first write to a register or to state, so that
 * a fault leaves the instruction undone.
 */
export interface Micro {
  /** Control flow and variables: `code.let` binds a value that is used twice. */
  readonly code: Code
  /** The content of the register that operand `name` names, 64 bits; a hard-wired zero register reads 0. */
  get(name: string): I64
  /** Writes the register that operand `name` names; writing a hard-wired zero register does nothing. */
  set(name: string, value: I64): void
  /** The operand `imm`, sign-extended. */
  immediate(): I64
  /** The operand `imm` as 32 bits. */
  immediate32(): I32
  /** This instruction's address. */
  pc(): I64
  /** The address of the instruction behind this one. */
  next(): I64
  /** Reads guest memory at a virtual address, bound to a variable; leaves the instruction undone if that faults. */
  load<T extends Type>(how: Access<T>, address: I64): Value<T>
  /** Writes guest memory at a virtual address; leaves the instruction undone if that faults. */
  store(how: Access<'i64'>, address: I64, value: I64): void
  /** Reads, computes and writes `width` bytes as one; the old value, sign-extended. The address must be aligned, or faults. */
  atomic(width: 4 | 8, address: I64, compute: (old: I64) => I64): I64
  /** Reads `width` bytes sign-extended and reserves them. */
  loadReserved(width: 4 | 8, address: I64): I64
  /** Writes `width` bytes if the reservation still holds, and ends it: 0 if written, else 1. */
  storeConditional(width: 4 | 8, address: I64, value: I64): I64
  /** Goes to `pc + imm` if the condition is not zero. */
  branch(condition: I32): void
  /** Goes to `pc + imm`. */
  jump(): void
  /** Goes to an address. */
  jumpTo(address: I64): void
  /** Ends the instruction undone, as an illegal one, if the condition is not zero. */
  illegalIf(condition: I32): void
  /** Reads a 32-bit cell of the CPU's state by name. */
  state(cell: string): I32
  /** Writes a 32-bit cell of the CPU's state. */
  setState(cell: string, value: I32): void
  /** The address of a cell, for a helper that updates it. */
  stateAddress(cell: string): I32
  /** Calls a shared function of the engine by name (floating point, say) now; the result is bound to a variable. */
  helper<R extends Type>(name: string, result: R, ...operands: readonly Value[]): Value<R>
}
