import type { Micro } from '../../engine/micro.ts'
import type { MeaningRow, Row } from '../../engine/table.ts'
import type { I32, I64 } from '../../wasm/value.ts'
import { i64, select } from '../../wasm/value.ts'
import { Amo, LoadReserved, rowsOf } from './formats.ts'

const { instruction } = rowsOf('a')

type Meaning = (m: Micro) => void
type Combine = (old: I64, operand: I64) => I64

// The ordering bits need nothing more: every access is ordered already.
const atomic =
  (width: 4 | 8, combine: Combine): Meaning =>
  (m) =>
    m.set('rd', m.atomic(width, m.get('rs1'), (old) => combine(old, m.get('rs2'))))

/** The old value comes sign-extended; an operand of a word is brought into the same form, which keeps either order. */
const choose =
  (width: 4 | 8, oldWins: (a: I64, b: I64) => I32): Meaning =>
  (m) => {
    const operand = m.code.let(width === 4 ? i64.extend32S(m.get('rs2')) : m.get('rs2'))
    m.set('rd', m.atomic(width, m.get('rs1'), (old) => select(oldWins(old, operand), old, operand)))
  }

const rows = (width: 4 | 8): readonly MeaningRow[] => {
  const [suffix, funct3] = width === 4 ? ['w', '010'] : ['d', '011']
  const bits = (funct5: string, rs2 = '.....'): string => `${funct5} .. ${rs2} ..... ${funct3} ..... 0101111`
  return [
    instruction(`lr.${suffix}`, LoadReserved, bits('00010', '00000'), (m) => m.set('rd', m.loadReserved(width, m.get('rs1')))),
    instruction(`sc.${suffix}`, Amo, bits('00011'), (m) => m.set('rd', m.storeConditional(width, m.get('rs1'), m.get('rs2')))),
    instruction(`amoswap.${suffix}`, Amo, bits('00001'), atomic(width, (_old, operand) => operand)),
    instruction(`amoadd.${suffix}`, Amo, bits('00000'), atomic(width, i64.add)),
    instruction(`amoxor.${suffix}`, Amo, bits('00100'), atomic(width, i64.xor)),
    instruction(`amoand.${suffix}`, Amo, bits('01100'), atomic(width, i64.and)),
    instruction(`amoor.${suffix}`, Amo, bits('01000'), atomic(width, i64.or)),
    instruction(`amomin.${suffix}`, Amo, bits('10000'), choose(width, i64.ltS)),
    instruction(`amomax.${suffix}`, Amo, bits('10100'), choose(width, i64.gtS)),
    instruction(`amominu.${suffix}`, Amo, bits('11000'), choose(width, i64.ltU)),
    instruction(`amomaxu.${suffix}`, Amo, bits('11100'), choose(width, i64.gtU)),
  ]
}

/** A: load reserved, store conditional and atomic read-modify-write (chapter 14). */
export const a: readonly Row[] = [...rows(4), ...rows(8)]
