import type { Row } from '../../engine/table.ts'
import { Decoder } from '../../engine/table.ts'

// Major opcodes (unprivileged specification, table "RISC-V base opcode map") whose rows do not fix funct3.
const opLui = 0x37
const opAuipc = 0x17
const opJal = 0x6f
const opFloat = 0x53
const isFusedMultiplyAdd = (opcode: number): boolean => (opcode & 0x73) === 0x43

/** A small number for an encoding, from bits that every row it may belong to fixes. */
export const bucketOf = (bits: number): number => {
  // Compressed: quadrant and funct3.
  if ((bits & 3) !== 3) return (bits & 3) | ((bits >>> 11) & 0x1c)
  const opcode = bits & 0x7f
  if (opcode === opLui || opcode === opAuipc || opcode === opJal || isFusedMultiplyAdd(opcode)) return opcode << 5
  // In floating-point operations the rounding mode stands where others have funct3.
  if (opcode === opFloat) return (opcode << 5) | (bits >>> 27)
  return (opcode << 5) | ((bits >>> 12) & 7)
}

/** A decoder for the rows of a CPU's extensions. */
export const riscvDecoder = (rows: readonly Row[]): Decoder => new Decoder(rows, bucketOf)
