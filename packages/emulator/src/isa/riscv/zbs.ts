import type { Row } from '../../engine/table.ts'
import type { I64 } from '../../wasm/value.ts'
import { i64 } from '../../wasm/value.ts'
import { R, rowsOf, Shift6 } from './formats.ts'
import { binary, withImmediate } from './i.ts'

const { instruction } = rowsOf('zbs')

// Wasm's shifts and rotations take the bit number modulo 64 as these instructions do.
const clear = (x: I64, bit: I64): I64 => i64.and(x, i64.rotl(i64.const(-2n), bit))
const extract = (x: I64, bit: I64): I64 => i64.and(i64.shrU(x, bit), i64.const(1n))
const invert = (x: I64, bit: I64): I64 => i64.xor(x, i64.shl(i64.const(1n), bit))
const set = (x: I64, bit: I64): I64 => i64.or(x, i64.shl(i64.const(1n), bit))

/** Zbs: single bits (chapter 28). */
export const zbs: readonly Row[] = [
  instruction('bclr', R, '0100100 ..... ..... 001 ..... 0110011', binary(clear)),
  instruction('bclri', Shift6, '010010 ...... ..... 001 ..... 0010011', withImmediate(clear)),
  instruction('bext', R, '0100100 ..... ..... 101 ..... 0110011', binary(extract)),
  instruction('bexti', Shift6, '010010 ...... ..... 101 ..... 0010011', withImmediate(extract)),
  instruction('binv', R, '0110100 ..... ..... 001 ..... 0110011', binary(invert)),
  instruction('binvi', Shift6, '011010 ...... ..... 001 ..... 0010011', withImmediate(invert)),
  instruction('bset', R, '0010100 ..... ..... 001 ..... 0110011', binary(set)),
  instruction('bseti', Shift6, '001010 ...... ..... 001 ..... 0010011', withImmediate(set)),
]
