import type { Micro } from './micro.ts'

/** What an operand is: `register` names a register of the file `file`; the others are plain integers. */
export type OperandKind =
  | { readonly kind: 'register'; readonly file: string }
  | { readonly kind: 'immediate'; readonly signed: boolean }
  /** A displacement from the instruction's own address. */
  | { readonly kind: 'offset' }
  /** Anything else the assembler writes in its own way: a rounding mode, a control register, fence sets. */
  | { readonly kind: 'special'; readonly name: string }

/** `width` bits of the instruction from bit `from` become bits of the operand's value from bit `to`. */
export interface Piece {
  readonly from: number
  readonly width: number
  readonly to: number
}

export interface Operand {
  readonly name: string
  readonly operand: OperandKind
  readonly pieces: readonly Piece[]
  /** Added after extraction: compressed register numbers start at 8, say. */
  readonly bias: number
  /** Sign-extends from the highest piece's top bit. */
  readonly signed: boolean
}

/** Where the operands of an instruction are, and how the assembler writes them: `rd, imm(rs1)`. */
export interface Format {
  readonly name: string
  readonly operands: readonly Operand[]
  readonly syntax: string
}

export type Operands = Readonly<Record<string, number>>

interface RowBase {
  readonly mnemonic: string
  readonly extension: string
  /** Bits of the encoding that are fixed, and their values; unsigned. */
  readonly mask: number
  readonly match: number
  /** Bytes. */
  readonly length: 2 | 4
  readonly format: Format
  /** Encodings that fit the pattern but are reserved or another instruction. */
  readonly accepts?: (operands: Operands) => boolean
}
/** An instruction with a meaning both tiers lower. */
export interface MeaningRow extends RowBase {
  readonly kind: 'meaning'
  readonly meaning: (micro: Micro) => void
}
/** An instruction that the ISA's host-side code executes: control registers, trap returns, fences. */
export interface ServiceRow extends RowBase {
  readonly kind: 'service'
}
/** A short form of another instruction. */
export interface RewriteRow extends RowBase {
  readonly kind: 'rewrite'
  readonly rewrite: (operands: Operands) => { readonly mnemonic: string; readonly operands: Operands }
}
export type Row = MeaningRow | ServiceRow | RewriteRow

/** Reads a pattern of `0`, `1` and `.`, most significant bit first; blanks separate columns. */
export const pattern = (text: string): { readonly mask: number; readonly match: number; readonly length: 2 | 4 } => {
  const bits = text.replaceAll(' ', '')
  if (!/^[01.]+$/.test(bits) || (bits.length !== 16 && bits.length !== 32)) throw new Error(`pattern needs 16 or 32 of 0, 1 and "." but is "${text}"`)
  let mask = 0
  let match = 0
  for (const bit of bits) {
    mask = mask * 2 + (bit === '.' ? 0 : 1)
    match = match * 2 + (bit === '1' ? 1 : 0)
  }
  return { mask, match, length: bits.length === 16 ? 2 : 4 }
}

/** An operand's value in an encoding. */
export const extract = (bits: number, operand: Operand): number => {
  let value = 0
  let top = 0
  for (const { from, width, to } of operand.pieces) {
    value += ((bits >>> from) & (2 ** width - 1)) * 2 ** to
    top = Math.max(top, to + width)
  }
  if (operand.signed && value >= 2 ** (top - 1)) value -= 2 ** top
  return value + operand.bias
}

/** The bits an operand's value puts into an encoding, or undefined if the value does not fit. */
export const insert = (value: number, operand: Operand): number | undefined => {
  const raw = value - operand.bias
  let bits = 0
  for (const { from, width, to } of operand.pieces) {
    const field = Math.floor(raw / 2 ** to) % 2 ** width
    bits += (field < 0 ? field + 2 ** width : field) * 2 ** from
  }
  return extract(bits >>> 0, operand) === value ? bits >>> 0 : undefined
}

export const extractAll = (bits: number, format: Format): Operands => {
  const operands: Record<string, number> = {}
  for (const operand of format.operands) operands[operand.name] = extract(bits, operand)
  return operands
}

/** A decoded instruction: a row that is executed (never a rewrite) and its operands. */
export interface Operation {
  readonly row: MeaningRow | ServiceRow
  readonly operands: Operands
  /** Bytes the instruction occupies. */
  readonly length: 2 | 4
}

const rememberedEncodings = 8192

/** Finds rows by encoding. Built once from the tables of the extensions a CPU has. */
export class Decoder {
  readonly rows: readonly Row[]
  readonly #byMnemonic = new Map<string, MeaningRow | ServiceRow>()
  readonly #buckets = new Map<number, Row[]>()
  readonly #bucketOf: (bits: number) => number
  readonly #known = new Map<number, Operation>()

  /** `bucketOf` maps an encoding to a small number by bits that every row of that length fixes. */
  constructor(rows: readonly Row[], bucketOf: (bits: number) => number) {
    this.rows = rows
    this.#bucketOf = bucketOf
    for (const row of rows) {
      if (row.kind !== 'rewrite') this.#byMnemonic.set(row.mnemonic, row)
      const bucket = bucketOf(row.match)
      const list = this.#buckets.get(bucket)
      if (list === undefined) this.#buckets.set(bucket, [row])
      else list.push(row)
    }
  }

  /** The row whose pattern the bits fit, and the operands as written; undefined for an illegal instruction. */
  find(bits: number): { readonly row: Row; readonly operands: Operands } | undefined {
    for (const row of this.#buckets.get(this.#bucketOf(bits)) ?? []) {
      if ((bits & row.mask) >>> 0 !== row.match) continue
      const operands = extractAll(bits, row.format)
      if (row.accepts?.(operands) !== false) return { row, operands }
    }
    return undefined
  }

  /**
   * The instruction to execute, short forms resolved; undefined for an illegal instruction. Encodings recur, so the
   * latest ones are remembered.
   */
  decode(bits: number): Operation | undefined {
    let operation = this.#known.get(bits)
    if (operation === undefined) {
      operation = this.#decode(bits)
      if (operation === undefined) return undefined
      if (this.#known.size === rememberedEncodings) this.#known.clear()
      this.#known.set(bits, operation)
    }
    return operation
  }

  #decode(bits: number): Operation | undefined {
    const found = this.find(bits)
    if (found === undefined) return undefined
    const { row, operands } = found
    if (row.kind !== 'rewrite') return { row, operands, length: row.length }
    const long = row.rewrite(operands)
    const target = this.#byMnemonic.get(long.mnemonic)
    return target === undefined ? undefined : { row: target, operands: long.operands, length: row.length }
  }
}
