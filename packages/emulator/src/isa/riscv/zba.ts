import type { Micro } from '../../engine/micro.ts'
import type { Row } from '../../engine/table.ts'
import type { I64 } from '../../wasm/value.ts'
import { i64 } from '../../wasm/value.ts'
import { R, rowsOf, Shift6 } from './formats.ts'
import { binary, withImmediate } from './i.ts'

const { instruction } = rowsOf('zba')

const unsignedWord = (value: I64): I64 => i64.and(value, i64.const(0xffff_ffffn))
const shiftAdd = (by: bigint): ((m: Micro) => void) => binary((x, y) => i64.add(i64.shl(x, i64.const(by)), y))
const shiftAddWord = (by: bigint): ((m: Micro) => void) => binary((x, y) => i64.add(i64.shl(unsignedWord(x), i64.const(by)), y))

/** Zba: address generation (chapter 28). */
export const zba: readonly Row[] = [
  instruction('add.uw', R, '0000100 ..... ..... 000 ..... 0111011', binary((x, y) => i64.add(unsignedWord(x), y))),
  instruction('sh1add', R, '0010000 ..... ..... 010 ..... 0110011', shiftAdd(1n)),
  instruction('sh2add', R, '0010000 ..... ..... 100 ..... 0110011', shiftAdd(2n)),
  instruction('sh3add', R, '0010000 ..... ..... 110 ..... 0110011', shiftAdd(3n)),
  instruction('sh1add.uw', R, '0010000 ..... ..... 010 ..... 0111011', shiftAddWord(1n)),
  instruction('sh2add.uw', R, '0010000 ..... ..... 100 ..... 0111011', shiftAddWord(2n)),
  instruction('sh3add.uw', R, '0010000 ..... ..... 110 ..... 0111011', shiftAddWord(3n)),
  instruction('slli.uw', Shift6, '000010 ...... ..... 001 ..... 0011011', withImmediate((x, by) => i64.shl(unsignedWord(x), by))),
]
