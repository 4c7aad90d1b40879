import type { Micro } from '../../engine/micro.ts'
import type { Row } from '../../engine/table.ts'
import type { I32, I64, Value } from '../../wasm/value.ts'
import { i32, i64, select } from '../../wasm/value.ts'
import { R, rowsOf } from './formats.ts'
import { binary, binaryWord } from './i.ts'

const { instruction } = rowsOf('m')

type Meaning = (m: Micro) => void

const low32 = i64.const(0xffff_ffffn)
const by32 = i64.const(32n)

/**
 * The upper half of a 128-bit product, from four products of 32-bit pieces. No sum overflows: the upper piece of a
 * signed operand is signed, and (2^32 - 1)^2 + 2^32 - 1 still fits 64 bits.
 */
const multiplyHigh =
  (signedA: boolean, signedB: boolean): Meaning =>
  (m) => {
    const { code } = m
    const upperOf = (signed: boolean) => (signed ? i64.shrS : i64.shrU)
    const a = code.let(m.get('rs1'))
    const b = code.let(m.get('rs2'))
    const aLow = code.let(i64.and(a, low32))
    const bLow = code.let(i64.and(b, low32))
    const aHigh = code.let(upperOf(signedA)(a, by32))
    const bHigh = code.let(upperOf(signedB)(b, by32))
    const middle = code.let(i64.add(i64.mul(aHigh, bLow), i64.shrU(i64.mul(aLow, bLow), by32)))
    const other = i64.add(i64.mul(aLow, bHigh), i64.and(middle, low32))
    m.set('rd', i64.add(i64.add(i64.mul(aHigh, bHigh), upperOf(signedA)(middle, by32)), upperOf(signedB)(other, by32)))
  }

interface Width<T extends 'i32' | 'i64'> {
  source(m: Micro, name: string): Value<T>
  result(value: Value<T>): I64
}
const double: Width<'i64'> = { source: (m, name) => m.get(name), result: (value) => value }
const word: Width<'i32'> = { source: (m, name) => i32.wrap(m.get(name)), result: (value) => i64.extendS(value) }

/**
 * Wasm traps where RISC-V has a result (section 13.2): `rare` says for which divisors, and `otherwise` gives that result.
 */
const divide =
  <T extends 'i32' | 'i64'>(
    width: Width<T>,
    op: (a: Value<T>, b: Value<T>) => Value<T>,
    regular: (b: Value<T>) => I32,
    otherwise: (a: Value<T>, b: Value<T>) => Value<T>,
  ): Meaning =>
  (m) => {
    const a = m.code.let(width.source(m, 'rs1'))
    const b = m.code.let(width.source(m, 'rs2'))
    const result = m.code.variable(otherwise(a, b))
    m.code.if(regular(b), () => m.code.set(result, op(a, b)), undefined, true)
    m.set('rd', width.result(result))
  }

// Signed division by 0 gives -1 and by -1 the negated dividend, which for the least number is itself.
const neitherZeroNorMinusOne = (b: I64): I32 => i64.gtU(i64.add(b, i64.const(1n)), i64.const(1n))
const neitherZeroNorMinusOneWord = (b: I32): I32 => i32.gtU(i32.add(b, i32.const(1)), i32.const(1))
const negatedOrMinusOne = (a: I64, b: I64): I64 => select(i64.eqz(b), i64.const(-1n), i64.sub(i64.const(0n), a))
const negatedOrMinusOneWord = (a: I32, b: I32): I32 => select(b, i32.sub(i32.const(0), a), i32.const(-1))
const notZero = (b: I64): I32 => i64.ne(b, i64.const(0n))
const dividend = <T extends 'i32' | 'i64'>(a: Value<T>): Value<T> => a

/** M: multiplication and division (chapter 13). */
export const m: readonly Row[] = [
  instruction('mul', R, '0000001 ..... ..... 000 ..... 0110011', binary(i64.mul)),
  instruction('mulh', R, '0000001 ..... ..... 001 ..... 0110011', multiplyHigh(true, true)),
  instruction('mulhsu', R, '0000001 ..... ..... 010 ..... 0110011', multiplyHigh(true, false)),
  instruction('mulhu', R, '0000001 ..... ..... 011 ..... 0110011', multiplyHigh(false, false)),
  instruction('div', R, '0000001 ..... ..... 100 ..... 0110011', divide(double, i64.divS, neitherZeroNorMinusOne, negatedOrMinusOne)),
  instruction('divu', R, '0000001 ..... ..... 101 ..... 0110011', divide(double, i64.divU, notZero, () => i64.const(-1n))),
  instruction('rem', R, '0000001 ..... ..... 110 ..... 0110011', divide(double, i64.remS, notZero, dividend)),
  instruction('remu', R, '0000001 ..... ..... 111 ..... 0110011', divide(double, i64.remU, notZero, dividend)),
  instruction('mulw', R, '0000001 ..... ..... 000 ..... 0111011', binaryWord(i32.mul)),
  instruction('divw', R, '0000001 ..... ..... 100 ..... 0111011', divide(word, i32.divS, neitherZeroNorMinusOneWord, negatedOrMinusOneWord)),
  instruction('divuw', R, '0000001 ..... ..... 101 ..... 0111011', divide(word, i32.divU, (b) => b, () => i32.const(-1))),
  instruction('remw', R, '0000001 ..... ..... 110 ..... 0111011', divide(word, i32.remS, (b) => b, dividend)),
  instruction('remuw', R, '0000001 ..... ..... 111 ..... 0111011', divide(word, i32.remU, (b) => b, dividend)),
]
