import type { Operand, Operands, Row } from '../../engine/table.ts'
import { controlRegisters, floatRegisters, integerRegisters } from './registers.ts'

const roundingModes = ['rne', 'rtz', 'rdn', 'rup', 'rmm', '5', '6', 'dyn']
const orderings = ['', '.rl', '.aq', '.aqrl']

const hex = (value: number): string => `0x${value.toString(16)}`

const fenceSet = (set: number): string => {
  const letters = ['i', 'o', 'r', 'w'].filter((_, index) => (set & (8 >> index)) !== 0)
  return letters.length === 0 ? '0' : letters.join('')
}

const special = (kind: string, value: number): string => {
  switch (kind) {
    case 'shift':
      return hex(value)
    case 'upper':
      return hex((value >>> 12) & 0xf_ffff)
    case 'csr':
      return controlRegisters.get(value) ?? hex(value)
    case 'rounding':
      return roundingModes[value] ?? String(value)
    case 'fence-set':
      return fenceSet(value)
    default:
      return String(value)
  }
}

const written = ({ operand }: Operand, value: number, address: bigint): string => {
  switch (operand.kind) {
    case 'register':
      return (operand.file === 'f' ? floatRegisters : integerRegisters)[value] ?? `${operand.file}${value}`
    case 'immediate':
      return String(value)
    case 'offset':
      return `0x${BigInt.asUintN(64, address + BigInt(value)).toString(16)}`
    case 'special':
      return special(operand.name, value)
  }
}

/**
 * An instruction as GNU's assembler writes it without aliases: `addi a0,sp,-16`, `c.beqz a1,0x80001234`. `row` and
 * `operands` are what `Decoder.find` gives; `address` is the instruction's own, from which jump targets are counted.
 */
export const disassemble = (row: Row, operands: Operands, address: bigint): string => {
  const byName = new Map(row.format.operands.map((operand) => [operand.name, operand]))
  // The assembler leaves out the dynamic rounding mode.
  const syntax = operands['rm'] === 7 ? row.format.syntax.replace(/,rm$/, '') : row.format.syntax
  const text = syntax.replaceAll(/[a-z]+\d?/g, (name) => {
    const operand = byName.get(name)
    return operand === undefined ? name : written(operand, operands[name] ?? 0, address)
  })
  const mnemonic = row.mnemonic + (orderings[operands['aqrl'] ?? 0] ?? '')
  return text === '' ? mnemonic : `${mnemonic} ${text}`
}
