import type { Operands, Row } from '../../engine/table.ts'
import { insert } from '../../engine/table.ts'
import { IsaError } from './errors.ts'
import { allRows } from './extensions.ts'

const byMnemonic: ReadonlyMap<string, Row> = new Map(allRows.map((row) => [row.mnemonic, row]))

/** What the assembler fills in: no ordering, the rounding mode from `frm` unless it is not written, reserved fields zero. */
const defaultsOf = (row: Row): Operands => {
  const defaults = { aqrl: 0, fm: 0, rm: row.format.syntax.endsWith(',rm') ? 7 : 0 }
  return row.mnemonic.startsWith('fence') ? { ...defaults, rd: 0, rs1: 0, imm: 0 } : defaults
}

const shown = (operands: Operands): string =>
  Object.entries(operands)
    .map(([name, value]) => `${name}=${value}`)
    .join(' ')

/**
 * The encoding of one row with these operands, unsigned. Ordering, rounding mode and a fence's reserved fields may be
 * left out. Throws `IsaError` `ERR_ISA_OPERAND`.
 */
export const encodeRow = (row: Row, operands: Operands): number => {
  const fail = (what: string): IsaError => new IsaError('ERR_ISA_OPERAND', `${row.mnemonic} ${row.format.syntax}: ${what}; got ${shown(operands)}`)
  const { format } = row
  for (const name of Object.keys(operands)) {
    if (!format.operands.some((operand) => operand.name === name)) throw fail(`has no operand "${name}"`)
  }
  const complete = { ...defaultsOf(row), ...operands }
  let bits = row.match
  for (const operand of format.operands) {
    const value = complete[operand.name]
    if (value === undefined) throw fail(`operand "${operand.name}" is missing`)
    const field = Number.isInteger(value) ? insert(value, operand) : undefined
    if (field === undefined) throw fail(`operand "${operand.name}" cannot be ${value}`)
    bits += field
  }
  if (row.accepts?.(complete) === false) throw fail('these operands together are reserved or another instruction')
  return bits
}

/**
 * Encodes an instruction: `encode('addi', { rd: 10, rs1: 2, imm: -16 })`. Registers are numbers, `imm` of jumps and
 * branches counts bytes from the instruction itself, `imm` of `lui` and `auipc` is the whole value with its low 12 bits
 * zero. Two-byte instructions are those whose low two bits are not both ones. Throws `IsaError` `ERR_ISA_MNEMONIC` or
 * `ERR_ISA_OPERAND`.
 */
export const encode = (mnemonic: string, operands: Operands = {}): number => {
  const row = byMnemonic.get(mnemonic)
  if (row === undefined) throw new IsaError('ERR_ISA_MNEMONIC', `expected the mnemonic of an instruction in the tables, without aliases, but got "${mnemonic}"`)
  return encodeRow(row, operands)
}
