import type { Row } from '../../engine/table.ts'
import { double, doubleToSingle, loadDouble, meaningsOf, moveDoubleToX, moveXToDouble, singleToDouble, storeDouble } from './float.ts'
import { FCompare, FLoad, FR, FR1Exact, FR1Rm, FRRm, FStore, FToX, FToXRm, R4, rowsOf, XToF, XToFExact, XToFRm } from './formats.ts'

const { instruction } = rowsOf('d')
const doubles = meaningsOf(double)

/** D for RV64 (unprivileged specification, chapter "D"): double precision. */
export const d: readonly Row[] = [
  instruction('fld', FLoad, '............ ..... 011 ..... 0000111', loadDouble),
  instruction('fsd', FStore, '....... ..... ..... 011 ..... 0100111', storeDouble),

  instruction('fmadd.d', R4, '..... 01 ..... ..... ... ..... 1000011', doubles.multiplyAdd({ product: false, addend: false })),
  instruction('fmsub.d', R4, '..... 01 ..... ..... ... ..... 1000111', doubles.multiplyAdd({ product: false, addend: true })),
  instruction('fnmsub.d', R4, '..... 01 ..... ..... ... ..... 1001011', doubles.multiplyAdd({ product: true, addend: false })),
  instruction('fnmadd.d', R4, '..... 01 ..... ..... ... ..... 1001111', doubles.multiplyAdd({ product: true, addend: true })),

  instruction('fadd.d', FRRm, '00000 01 ..... ..... ... ..... 1010011', doubles.add),
  instruction('fsub.d', FRRm, '00001 01 ..... ..... ... ..... 1010011', doubles.sub),
  instruction('fmul.d', FRRm, '00010 01 ..... ..... ... ..... 1010011', doubles.mul),
  instruction('fdiv.d', FRRm, '00011 01 ..... ..... ... ..... 1010011', doubles.div),
  instruction('fsqrt.d', FR1Rm, '01011 01 00000 ..... ... ..... 1010011', doubles.sqrt),
  instruction('fsgnj.d', FR, '00100 01 ..... ..... 000 ..... 1010011', doubles.sign),
  instruction('fsgnjn.d', FR, '00100 01 ..... ..... 001 ..... 1010011', doubles.signNegated),
  instruction('fsgnjx.d', FR, '00100 01 ..... ..... 010 ..... 1010011', doubles.signXor),
  instruction('fmin.d', FR, '00101 01 ..... ..... 000 ..... 1010011', doubles.min),
  instruction('fmax.d', FR, '00101 01 ..... ..... 001 ..... 1010011', doubles.max),
  instruction('fle.d', FCompare, '10100 01 ..... ..... 000 ..... 1010011', doubles.le),
  instruction('flt.d', FCompare, '10100 01 ..... ..... 001 ..... 1010011', doubles.lt),
  instruction('feq.d', FCompare, '10100 01 ..... ..... 010 ..... 1010011', doubles.eq),
  instruction('fclass.d', FToX, '11100 01 00000 ..... 001 ..... 1010011', doubles.classify),
  instruction('fmv.x.d', FToX, '11100 01 00000 ..... 000 ..... 1010011', moveDoubleToX),
  instruction('fmv.d.x', XToF, '11110 01 00000 ..... 000 ..... 1010011', moveXToDouble),

  instruction('fcvt.w.d', FToXRm, '11000 01 00000 ..... ... ..... 1010011', doubles.toInteger('i32')),
  instruction('fcvt.wu.d', FToXRm, '11000 01 00001 ..... ... ..... 1010011', doubles.toInteger('u32')),
  instruction('fcvt.l.d', FToXRm, '11000 01 00010 ..... ... ..... 1010011', doubles.toInteger('i64')),
  instruction('fcvt.lu.d', FToXRm, '11000 01 00011 ..... ... ..... 1010011', doubles.toInteger('u64')),
  instruction('fcvt.d.w', XToFExact, '11010 01 00000 ..... ... ..... 1010011', doubles.fromInteger('i32')),
  instruction('fcvt.d.wu', XToFExact, '11010 01 00001 ..... ... ..... 1010011', doubles.fromInteger('u32')),
  instruction('fcvt.d.l', XToFRm, '11010 01 00010 ..... ... ..... 1010011', doubles.fromInteger('i64')),
  instruction('fcvt.d.lu', XToFRm, '11010 01 00011 ..... ... ..... 1010011', doubles.fromInteger('u64')),
  instruction('fcvt.s.d', FR1Rm, '01000 00 00001 ..... ... ..... 1010011', doubleToSingle),
  instruction('fcvt.d.s', FR1Exact, '01000 01 00000 ..... ... ..... 1010011', singleToDouble),
]
