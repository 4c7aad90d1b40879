import type { Micro } from '../../engine/micro.ts'
import type { Row } from '../../engine/table.ts'
import type { I32, I64 } from '../../wasm/value.ts'
import { i32, i64, select } from '../../wasm/value.ts'
import { R, R1, rowsOf, Shift5, Shift6 } from './formats.ts'
import { binary, binaryWord, unary, withImmediate, withImmediateWord } from './i.ts'

const { instruction } = rowsOf('zbb')

type Meaning = (m: Micro) => void

const not = (value: I64): I64 => i64.xor(value, i64.const(-1n))

const countWord = (op: (a: I32) => I32): Meaning => unary((x) => i64.extendU(op(i32.wrap(x))))

const choose =
  (firstWins: (a: I64, b: I64) => I32): Meaning =>
  (m) => {
    const first = m.code.let(m.get('rs1'))
    const second = m.code.let(m.get('rs2'))
    m.set('rd', select(firstWins(first, second), first, second))
  }

/** Each byte becomes all ones if any of its bits is set: adding 0x7f carries into bit 7 unless the low 7 bits are 0. */
const orCombine: Meaning = (m) => {
  const x = m.code.let(m.get('rs1'))
  const low = i64.const(0x7f7f_7f7f_7f7f_7f7fn)
  const anySet = i64.or(i64.add(i64.and(x, low), low), x)
  const ones = i64.and(i64.shrU(anySet, i64.const(7n)), i64.const(0x0101_0101_0101_0101n))
  m.set('rd', i64.mul(ones, i64.const(0xffn)))
}

/** Swaps neighbours of `width` bits; `low` selects every second of them. */
const swap = (m: Micro, value: I64, width: bigint, low: bigint): I64 => {
  const x = m.code.let(value)
  const by = i64.const(width)
  const mask = i64.const(low)
  return i64.or(i64.shl(i64.and(x, mask), by), i64.and(i64.shrU(x, by), mask))
}
const reverseBytes: Meaning = (m) => {
  const pairs = swap(m, m.get('rs1'), 8n, 0x00ff_00ff_00ff_00ffn)
  m.set('rd', i64.rotl(swap(m, pairs, 16n, 0x0000_ffff_0000_ffffn), i64.const(32n)))
}

/** Zbb: basic bit manipulation (chapter 28). */
export const zbb: readonly Row[] = [
  instruction('andn', R, '0100000 ..... ..... 111 ..... 0110011', binary((x, y) => i64.and(x, not(y)))),
  instruction('orn', R, '0100000 ..... ..... 110 ..... 0110011', binary((x, y) => i64.or(x, not(y)))),
  instruction('xnor', R, '0100000 ..... ..... 100 ..... 0110011', binary((x, y) => not(i64.xor(x, y)))),

  instruction('clz', R1, '0110000 00000 ..... 001 ..... 0010011', unary(i64.clz)),
  instruction('ctz', R1, '0110000 00001 ..... 001 ..... 0010011', unary(i64.ctz)),
  instruction('cpop', R1, '0110000 00010 ..... 001 ..... 0010011', unary(i64.popcnt)),
  instruction('clzw', R1, '0110000 00000 ..... 001 ..... 0011011', countWord(i32.clz)),
  instruction('ctzw', R1, '0110000 00001 ..... 001 ..... 0011011', countWord(i32.ctz)),
  instruction('cpopw', R1, '0110000 00010 ..... 001 ..... 0011011', countWord(i32.popcnt)),

  instruction('min', R, '0000101 ..... ..... 100 ..... 0110011', choose(i64.ltS)),
  instruction('minu', R, '0000101 ..... ..... 101 ..... 0110011', choose(i64.ltU)),
  instruction('max', R, '0000101 ..... ..... 110 ..... 0110011', choose(i64.gtS)),
  instruction('maxu', R, '0000101 ..... ..... 111 ..... 0110011', choose(i64.gtU)),

  instruction('sext.b', R1, '0110000 00100 ..... 001 ..... 0010011', unary(i64.extend8S)),
  instruction('sext.h', R1, '0110000 00101 ..... 001 ..... 0010011', unary(i64.extend16S)),
  instruction('zext.h', R1, '0000100 00000 ..... 100 ..... 0111011', unary((x) => i64.and(x, i64.const(0xffffn)))),

  instruction('rol', R, '0110000 ..... ..... 001 ..... 0110011', binary(i64.rotl)),
  instruction('ror', R, '0110000 ..... ..... 101 ..... 0110011', binary(i64.rotr)),
  instruction('rori', Shift6, '011000 ...... ..... 101 ..... 0010011', withImmediate(i64.rotr)),
  instruction('rolw', R, '0110000 ..... ..... 001 ..... 0111011', binaryWord(i32.rotl)),
  instruction('rorw', R, '0110000 ..... ..... 101 ..... 0111011', binaryWord(i32.rotr)),
  instruction('roriw', Shift5, '0110000 ..... ..... 101 ..... 0011011', withImmediateWord(i32.rotr)),

  instruction('orc.b', R1, '001010 000111 ..... 101 ..... 0010011', orCombine),
  instruction('rev8', R1, '011010 111000 ..... 101 ..... 0010011', reverseBytes),
]
