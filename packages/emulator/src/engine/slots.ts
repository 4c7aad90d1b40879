import type { Operands, Operation, Row } from './table.ts'

/**
 * Pre-decoded code. Each half-word of a page of guest code has a slot of 16 bytes; an instruction fills the slot of its
 * first half-word:
 *
 *     0  u16  handler
 *     2  u16  address of the first register operand's cell
 *     4  u16  of the second
 *     6  u16  of the third
 *     8  i32  immediate; for branches within the page the distance to the target's slot
 *     12 u16  distance to the next instruction's slot
 *     14 u16  address of the fourth register operand's cell
 */
export const slotBytes = 16
export const slotsPerPage = 2048
/** A page's slots, and one behind them that leads to the next page. */
export const pageBytes: number = (slotsPerPage + 1) * slotBytes

export const slot = { handler: 0, registers: [2, 4, 6, 14], immediate: 8, next: 12 } as const

/**
 * Added to a handler where a translated region may be entered. Which one is in a map of 8-byte rows, found by the slot's
 * address: that address (i32), the function's index in the table of regions (u16), the number of the entry (u16).
 */
export const regionFlag = 0x8000
export const regionMapEntries = 8192

/** Handlers that belong to no row. */
export const handlers = { undecoded: 0, pageEnd: 1, straddle: 2, illegal: 3, service: 4 } as const
const firstRowHandler = 5

/** How instructions become slots: handler numbers for rows, register cells for operands. */
export interface HandlerEntry {
  readonly row: Extract<Row, { kind: 'meaning' }>
  /** Whether the target of a branch may be on another page. */
  readonly far: boolean
}

const hasOffset = (row: Row): boolean => row.format.operands.some((o) => o.operand.kind === 'offset')

/** Numbers the handlers of a set of rows: one each, two for branches (target on this page, or anywhere). */
export const assignHandlers = (rows: readonly Row[]): { readonly entries: readonly HandlerEntry[]; readonly numbers: ReadonlyMap<Row, number> } => {
  const entries: HandlerEntry[] = []
  const numbers = new Map<Row, number>()
  for (const row of rows) {
    if (row.kind !== 'meaning') continue
    numbers.set(row, firstRowHandler + entries.length)
    entries.push({ row, far: false })
    if (hasOffset(row)) entries.push({ row, far: true })
  }
  return { entries, numbers }
}
export const handlerOf = (index: number): number => firstRowHandler + index

/** The operand that `Micro.immediate` yields: `imm`, or a rounding mode. */
export const immediateOf = (operands: Operands): number => operands['imm'] ?? operands['rm'] ?? 0

/** A register file's cells in a CPU's block: a hard-wired zero register is written to a cell nobody reads. */
export interface RegisterFile {
  readonly offset: number
  readonly count: number
  /** Register number that always reads 0, and the cell that takes writes to it. */
  readonly zero?: { readonly register: number; readonly sink: number }
}

/**
 * Writes an instruction into the slot at `address`. One for the host-side code keeps its encoding as the immediate.
 * `inPage` is its offset in its page, or undefined if it stands alone.
 */
export const writeSlot = (
  memory: DataView,
  address: number,
  operation: Operation,
  bits: number,
  numbers: ReadonlyMap<Row, number>,
  files: Readonly<Record<string, RegisterFile>>,
  block: number,
  inPage: number | undefined,
): void => {
  const { row, operands, length } = operation
  const number = numbers.get(row)
  memory.setUint16(address + slot.next, length * (slotBytes / 2), true)
  if (number === undefined) {
    memory.setInt32(address + slot.immediate, bits, true)
    memory.setUint16(address + slot.handler, handlers.service, true)
    return
  }
  let handler = number
  let registers = 0
  let immediate = immediateOf(operands)
  for (const operand of row.format.operands) {
    const value = operands[operand.name] ?? 0
    if (operand.operand.kind === 'register') {
      const file = files[operand.operand.file]
      if (file === undefined) throw new Error(`${row.mnemonic} names a register file "${operand.operand.file}" that the CPU has not`)
      const zero = operand.name === 'rd' && value === file.zero?.register ? file.zero : undefined
      const cell = block + (zero?.sink ?? file.offset + 8 * value)
      memory.setUint16(address + (slot.registers[registers] ?? 0), cell, true)
      registers++
    } else if (operand.operand.kind === 'offset') {
      const target = inPage === undefined ? -1 : inPage + value
      if (target >= 0 && target < 4096) immediate = value * (slotBytes / 2)
      else handler++
    }
  }
  memory.setInt32(address + slot.immediate, immediate, true)
  memory.setUint16(address + slot.handler, handler, true)
}

/** Marks the slot as an illegal instruction, whose encoding it keeps. */
export const writeIllegalSlot = (memory: DataView, address: number, bits: number): void => {
  memory.setInt32(address + slot.immediate, bits, true)
  memory.setUint16(address + slot.handler, handlers.illegal, true)
}
