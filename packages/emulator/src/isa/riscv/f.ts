import type { Row } from '../../engine/table.ts'
import { loadSingle, meaningsOf, moveSingleToX, moveXToSingle, single, storeSingle } from './float.ts'
import { FCompare, FLoad, FR, FR1Rm, FRRm, FStore, FToX, FToXRm, R4, rowsOf, XToF, XToFRm } from './formats.ts'

const { instruction } = rowsOf('f')
const singles = meaningsOf(single)

/** F for RV64 (unprivileged specification, chapter "F"): single precision. */
export const f: readonly Row[] = [
  instruction('flw', FLoad, '............ ..... 010 ..... 0000111', loadSingle),
  instruction('fsw', FStore, '....... ..... ..... 010 ..... 0100111', storeSingle),

  instruction('fmadd.s', R4, '..... 00 ..... ..... ... ..... 1000011', singles.multiplyAdd({ product: false, addend: false })),
  instruction('fmsub.s', R4, '..... 00 ..... ..... ... ..... 1000111', singles.multiplyAdd({ product: false, addend: true })),
  instruction('fnmsub.s', R4, '..... 00 ..... ..... ... ..... 1001011', singles.multiplyAdd({ product: true, addend: false })),
  instruction('fnmadd.s', R4, '..... 00 ..... ..... ... ..... 1001111', singles.multiplyAdd({ product: true, addend: true })),

  instruction('fadd.s', FRRm, '00000 00 ..... ..... ... ..... 1010011', singles.add),
  instruction('fsub.s', FRRm, '00001 00 ..... ..... ... ..... 1010011', singles.sub),
  instruction('fmul.s', FRRm, '00010 00 ..... ..... ... ..... 1010011', singles.mul),
  instruction('fdiv.s', FRRm, '00011 00 ..... ..... ... ..... 1010011', singles.div),
  instruction('fsqrt.s', FR1Rm, '01011 00 00000 ..... ... ..... 1010011', singles.sqrt),
  instruction('fsgnj.s', FR, '00100 00 ..... ..... 000 ..... 1010011', singles.sign),
  instruction('fsgnjn.s', FR, '00100 00 ..... ..... 001 ..... 1010011', singles.signNegated),
  instruction('fsgnjx.s', FR, '00100 00 ..... ..... 010 ..... 1010011', singles.signXor),
  instruction('fmin.s', FR, '00101 00 ..... ..... 000 ..... 1010011', singles.min),
  instruction('fmax.s', FR, '00101 00 ..... ..... 001 ..... 1010011', singles.max),
  instruction('fle.s', FCompare, '10100 00 ..... ..... 000 ..... 1010011', singles.le),
  instruction('flt.s', FCompare, '10100 00 ..... ..... 001 ..... 1010011', singles.lt),
  instruction('feq.s', FCompare, '10100 00 ..... ..... 010 ..... 1010011', singles.eq),
  instruction('fclass.s', FToX, '11100 00 00000 ..... 001 ..... 1010011', singles.classify),
  instruction('fmv.x.w', FToX, '11100 00 00000 ..... 000 ..... 1010011', moveSingleToX),
  instruction('fmv.w.x', XToF, '11110 00 00000 ..... 000 ..... 1010011', moveXToSingle),

  instruction('fcvt.w.s', FToXRm, '11000 00 00000 ..... ... ..... 1010011', singles.toInteger('i32')),
  instruction('fcvt.wu.s', FToXRm, '11000 00 00001 ..... ... ..... 1010011', singles.toInteger('u32')),
  instruction('fcvt.l.s', FToXRm, '11000 00 00010 ..... ... ..... 1010011', singles.toInteger('i64')),
  instruction('fcvt.lu.s', FToXRm, '11000 00 00011 ..... ... ..... 1010011', singles.toInteger('u64')),
  instruction('fcvt.s.w', XToFRm, '11010 00 00000 ..... ... ..... 1010011', singles.fromInteger('i32')),
  instruction('fcvt.s.wu', XToFRm, '11010 00 00001 ..... ... ..... 1010011', singles.fromInteger('u32')),
  instruction('fcvt.s.l', XToFRm, '11010 00 00010 ..... ... ..... 1010011', singles.fromInteger('i64')),
  instruction('fcvt.s.lu', XToFRm, '11010 00 00011 ..... ... ..... 1010011', singles.fromInteger('u64')),
]
