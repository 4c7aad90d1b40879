import type { Micro } from '../../engine/micro.ts'
import type { Format, MeaningRow, Operand, Operands, Piece, RewriteRow, Row, ServiceRow } from '../../engine/table.ts'
import { pattern } from '../../engine/table.ts'

// Operands (unprivileged specification, sections 2.2, 2.3 and 2.5). A piece is [from, width, to]: `width` bits of the
// encoding from bit `from` are bits of the value from bit `to`.
type PieceText = readonly [from: number, width: number, to: number]
const pieces = (list: readonly PieceText[]): readonly Piece[] => list.map(([from, width, to]) => ({ from, width, to }))

const register = (name: string, file: string, from: number): Operand => ({
  name,
  operand: { kind: 'register', file },
  pieces: pieces([[from, 5, 0]]),
  bias: 0,
  signed: false,
})
/** A compressed register number: 3 bits name x8 to x15. */
const shortRegister = (name: string, file: string, from: number): Operand => ({
  name,
  operand: { kind: 'register', file },
  pieces: pieces([[from, 3, 0]]),
  bias: 8,
  signed: false,
})
const signed = (...list: PieceText[]): Operand => ({
  name: 'imm',
  operand: { kind: 'immediate', signed: true },
  pieces: pieces(list),
  bias: 0,
  signed: true,
})
const unsigned = (...list: PieceText[]): Operand => ({
  name: 'imm',
  operand: { kind: 'immediate', signed: false },
  pieces: pieces(list),
  bias: 0,
  signed: false,
})
const offset = (...list: PieceText[]): Operand => ({ name: 'imm', operand: { kind: 'offset' }, pieces: pieces(list), bias: 0, signed: true })
/** An operand that the assembler writes in its own way; `special` says which. */
const special = (name: string, kind: string, ...list: PieceText[]): Operand => ({
  name,
  operand: { kind: 'special', name: kind },
  pieces: pieces(list),
  bias: 0,
  signed: false,
})
/** The upper 20 bits of a 32-bit value, sign-extended. */
const upper = (...list: PieceText[]): Operand => ({ ...special('imm', 'upper', ...list), signed: true })

const format = (name: string, syntax: string, ...operands: Operand[]): Format => ({ name, operands, syntax })

const rd = register('rd', 'x', 7)
const rs1 = register('rs1', 'x', 15)
const rs2 = register('rs2', 'x', 20)
const fd = register('rd', 'f', 7)
const fs1 = register('rs1', 'f', 15)
const fs2 = register('rs2', 'f', 20)
const fs3 = register('rs3', 'f', 27)
/** Rounding mode; 7 takes it from `frm`. */
const rm = special('rm', 'rounding', [12, 3, 0])

const immI = signed([20, 12, 0])
const immS = signed([25, 7, 5], [7, 5, 0])
const offsetB = offset([31, 1, 12], [25, 6, 5], [8, 4, 1], [7, 1, 11])
const offsetJ = offset([31, 1, 20], [21, 10, 1], [20, 1, 11], [12, 8, 12])

/** Register, register, register. */
export const R: Format = format('R', 'rd,rs1,rs2', rd, rs1, rs2)
/** One source register. */
export const R1: Format = format('R1', 'rd,rs1', rd, rs1)
/** Register and 12-bit immediate. */
export const I: Format = format('I', 'rd,rs1,imm', rd, rs1, immI)
/** Load: like I, written as an address. */
export const Load: Format = format('Load', 'rd,imm(rs1)', rd, rs1, immI)
/** Indirect jump: like I, written as an address. */
export const Jalr: Format = Load
/** Shift by an immediate below 64. */
export const Shift6: Format = format('Shift6', 'rd,rs1,imm', rd, rs1, special('imm', 'shift', [20, 6, 0]))
/** Shift by an immediate below 32. */
export const Shift5: Format = format('Shift5', 'rd,rs1,imm', rd, rs1, special('imm', 'shift', [20, 5, 0]))
/** Store. */
export const S: Format = format('S', 'rs2,imm(rs1)', rs1, rs2, immS)
/** Conditional branch. */
export const B: Format = format('B', 'rs1,rs2,imm', rs1, rs2, offsetB)
/** Upper immediate; `imm` is the whole value, its low 12 bits zero. */
export const U: Format = format('U', 'rd,imm', rd, upper([12, 20, 12]))
/** Jump. */
export const J: Format = format('J', 'rd,imm', rd, offsetJ)
/** No operands. */
export const None: Format = format('None', '')
/** Fence sets; `rd` and `rs1` are reserved and ignored. */
export const Fence: Format = format(
  'Fence',
  'pred,succ',
  special('fm', 'fence-mode', [28, 4, 0]),
  special('pred', 'fence-set', [24, 4, 0]),
  special('succ', 'fence-set', [20, 4, 0]),
  rs1,
  rd,
)
/** `fence.i`, whose every field is reserved and ignored. */
export const FenceI: Format = format('FenceI', '', rd, rs1, immI)
/** Address-translation fence: two source registers. */
export const TwoSources: Format = format('TwoSources', 'rs1,rs2', rs1, rs2)

const csr = special('csr', 'csr', [20, 12, 0])
/** Control register with a register source. */
export const Csr: Format = format('Csr', 'rd,csr,rs1', rd, csr, rs1)
/** Control register with a 5-bit immediate. */
export const CsrImmediate: Format = format('CsrImmediate', 'rd,csr,uimm', rd, csr, { ...unsigned([15, 5, 0]), name: 'uimm' })

/** Acquire (2) and release (1), which the assembler writes as a suffix of the mnemonic. */
const aqrl = special('aqrl', 'ordering', [25, 2, 0])
/** Atomic read-modify-write. */
export const Amo: Format = format('Amo', 'rd,rs2,(rs1)', rd, rs1, rs2, aqrl)
/** Load reserved. */
export const LoadReserved: Format = format('LoadReserved', 'rd,(rs1)', rd, rs1, aqrl)

/** Floating-point load. */
export const FLoad: Format = format('FLoad', 'rd,imm(rs1)', fd, rs1, immI)
/** Floating-point store. */
export const FStore: Format = format('FStore', 'rs2,imm(rs1)', rs1, fs2, immS)
/** Fused multiply-add: three floating-point sources and a rounding mode. */
export const R4: Format = format('R4', 'rd,rs1,rs2,rs3,rm', fd, fs1, fs2, fs3, rm)
/** Two floating-point sources and a rounding mode. */
export const FRRm: Format = format('FRRm', 'rd,rs1,rs2,rm', fd, fs1, fs2, rm)
/** Two floating-point sources. */
export const FR: Format = format('FR', 'rd,rs1,rs2', fd, fs1, fs2)
/** One floating-point source and a rounding mode. */
export const FR1Rm: Format = format('FR1Rm', 'rd,rs1,rm', fd, fs1, rm)
/** Two floating-point sources to an integer register: comparison. */
export const FCompare: Format = format('FCompare', 'rd,rs1,rs2', rd, fs1, fs2)
/** Floating point to an integer register with a rounding mode. */
export const FToXRm: Format = format('FToXRm', 'rd,rs1,rm', rd, fs1, rm)
/** Floating point to an integer register. */
export const FToX: Format = format('FToX', 'rd,rs1', rd, fs1)
/** Integer register to floating point with a rounding mode. */
export const XToFRm: Format = format('XToFRm', 'rd,rs1,rm', fd, rs1, rm)
// Conversions that are always exact have a rounding mode that decides nothing and is not written.
/** Floating point to a wider format. */
export const FR1Exact: Format = format('FR1Exact', 'rd,rs1', fd, fs1, rm)
/** Integer register to a floating-point format that holds every such integer. */
export const XToFExact: Format = format('XToFExact', 'rd,rs1', fd, rs1, rm)
/** Integer register to floating point. */
export const XToF: Format = format('XToF', 'rd,rs1', fd, rs1)

// Compressed formats (chapter "C"). `rd` is also the first source where the assembler writes one register for both.
const cRs2 = register('rs2', 'x', 2)
const cImm = signed([12, 1, 5], [2, 5, 0])
const cShift = special('imm', 'shift', [12, 1, 5], [2, 5, 0])
const shortRd = shortRegister('rd', 'x', 7)
const shortRdLow = shortRegister('rd', 'x', 2)
const shortRs1 = shortRegister('rs1', 'x', 7)
const shortRs2 = shortRegister('rs2', 'x', 2)
const wordAt = unsigned([10, 3, 3], [6, 1, 2], [5, 1, 6])
const doubleAt = unsigned([10, 3, 3], [5, 2, 6])
const wordFromStack = unsigned([12, 1, 5], [4, 3, 2], [2, 2, 6])
const doubleFromStack = unsigned([12, 1, 5], [5, 2, 3], [2, 3, 6])
const wordToStack = unsigned([9, 4, 2], [7, 2, 6])
const doubleToStack = unsigned([10, 3, 3], [7, 3, 6])

export const CR: Format = format('CR', 'rd,rs2', rd, cRs2)
export const CJumpRegister: Format = format('CJumpRegister', 'rs1', register('rs1', 'x', 7))
export const CI: Format = format('CI', 'rd,imm', rd, cImm)
export const CShift: Format = format('CShift', 'rd,imm', rd, cShift)
export const CLui: Format = format('CLui', 'rd,imm', rd, upper([12, 1, 17], [2, 5, 12]))
export const CStackAdjust: Format = format('CStackAdjust', 'sp,imm', signed([12, 1, 9], [6, 1, 4], [5, 1, 6], [3, 2, 7], [2, 1, 5]))
export const CStackAddress: Format = format('CStackAddress', 'rd,sp,imm', shortRdLow, unsigned([11, 2, 4], [7, 4, 6], [6, 1, 2], [5, 1, 3]))
export const CLoadWordSp: Format = format('CLoadWordSp', 'rd,imm(sp)', rd, wordFromStack)
export const CLoadDoubleSp: Format = format('CLoadDoubleSp', 'rd,imm(sp)', rd, doubleFromStack)
export const CFLoadDoubleSp: Format = format('CFLoadDoubleSp', 'rd,imm(sp)', fd, doubleFromStack)
export const CStoreWordSp: Format = format('CStoreWordSp', 'rs2,imm(sp)', cRs2, wordToStack)
export const CStoreDoubleSp: Format = format('CStoreDoubleSp', 'rs2,imm(sp)', cRs2, doubleToStack)
export const CFStoreDoubleSp: Format = format('CFStoreDoubleSp', 'rs2,imm(sp)', register('rs2', 'f', 2), doubleToStack)
export const CLoadWord: Format = format('CLoadWord', 'rd,imm(rs1)', shortRdLow, shortRs1, wordAt)
export const CLoadDouble: Format = format('CLoadDouble', 'rd,imm(rs1)', shortRdLow, shortRs1, doubleAt)
export const CFLoadDouble: Format = format('CFLoadDouble', 'rd,imm(rs1)', shortRegister('rd', 'f', 2), shortRs1, doubleAt)
export const CStoreWord: Format = format('CStoreWord', 'rs2,imm(rs1)', shortRs2, shortRs1, wordAt)
export const CStoreDouble: Format = format('CStoreDouble', 'rs2,imm(rs1)', shortRs2, shortRs1, doubleAt)
export const CFStoreDouble: Format = format('CFStoreDouble', 'rs2,imm(rs1)', shortRegister('rs2', 'f', 2), shortRs1, doubleAt)
export const CA: Format = format('CA', 'rd,rs2', shortRd, shortRs2)
export const CBImmediate: Format = format('CBImmediate', 'rd,imm', shortRd, cImm)
export const CBShift: Format = format('CBShift', 'rd,imm', shortRd, cShift)
export const CB: Format = format('CB', 'rs1,imm', shortRs1, offset([12, 1, 8], [10, 2, 3], [5, 2, 6], [3, 2, 1], [2, 1, 5]))
export const CJ: Format = format(
  'CJ',
  'imm',
  offset([12, 1, 11], [11, 1, 4], [9, 2, 8], [8, 1, 10], [7, 1, 6], [6, 1, 7], [3, 3, 1], [2, 1, 5]),
)

type Accepts = (operands: Operands) => boolean
type Long = ReturnType<RewriteRow['rewrite']>

/** Rounding modes 5 and 6 are reserved (section 20.2). */
const validRounding: Accepts = ({ rm: mode }) => mode !== 5 && mode !== 6

/** What the rows of one extension are made with. */
export interface Rows {
  /** An instruction with a meaning. `bits` is a pattern of `0`, `1` and `.`, most significant bit first. */
  readonly instruction: (mnemonic: string, how: Format, bits: string, meaning: (micro: Micro) => void, accepts?: Accepts) => MeaningRow
  /** An instruction that host-side code executes. */
  readonly service: (mnemonic: string, how: Format, bits: string, accepts?: Accepts) => ServiceRow
  /** A short form: `long` gives the instruction it stands for. */
  readonly rewrite: (mnemonic: string, how: Format, bits: string, long: (operands: Operands) => Long, accepts?: Accepts) => RewriteRow
}

/** Constructors for the rows of `extension`. A format with a rounding mode refuses the reserved ones by itself. */
export const rowsOf = (extension: string): Rows => {
  const base = (mnemonic: string, how: Format, bits: string, accepts: Accepts | undefined): Omit<Row, 'kind'> => {
    const refuses = accepts ?? (how.operands.includes(rm) ? validRounding : undefined)
    return { mnemonic, extension, ...pattern(bits), format: how, ...(refuses === undefined ? {} : { accepts: refuses }) }
  }
  return {
    instruction: (mnemonic, how, bits, meaning, accepts) => ({ kind: 'meaning', ...base(mnemonic, how, bits, accepts), meaning }),
    service: (mnemonic, how, bits, accepts) => ({ kind: 'service', ...base(mnemonic, how, bits, accepts) }),
    rewrite: (mnemonic, how, bits, long, accepts) => ({ kind: 'rewrite', ...base(mnemonic, how, bits, accepts), rewrite: long }),
  }
}
