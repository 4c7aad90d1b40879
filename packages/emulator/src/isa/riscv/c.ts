import type { Operands, Row } from '../../engine/table.ts'
import {
  CA, CB, CBImmediate, CBShift, CFLoadDouble, CFLoadDoubleSp, CFStoreDouble, CFStoreDoubleSp, CI, CJ, CJumpRegister, CLoadDouble,
  CLoadDoubleSp, CLoadWord, CLoadWordSp, CLui, CR, CShift, CStackAddress, CStackAdjust, CStoreDouble, CStoreDoubleSp, CStoreWord,
  CStoreWordSp, None, rowsOf,
} from './formats.ts'

interface Long { readonly mnemonic: string; readonly operands: Operands }
type Rewrite = (operands: Operands) => Long

const zero = 0
const ra = 1
const sp = 2

const { rewrite } = rowsOf('c')
const zcd = rowsOf('zcd')

/** The same operands, with some added. */
const as =
  (mnemonic: string, added: Operands = {}): Rewrite =>
  (operands) => ({ mnemonic, operands: { ...operands, ...added } })
/** `rd` is the first source as well. */
const inPlace =
  (mnemonic: string): Rewrite =>
  (operands) => ({ mnemonic, operands: { ...operands, rs1: operands['rd']! } })

const fromStack = (mnemonic: string): Rewrite => as(mnemonic, { rs1: sp })

type Accepts = (operands: Operands) => boolean
const rdNotZero: Accepts = ({ rd }) => rd !== 0
const rs1NotZero: Accepts = ({ rs1 }) => rs1 !== 0
const rs2NotZero: Accepts = ({ rs2 }) => rs2 !== 0
const immNotZero: Accepts = ({ imm }) => imm !== 0

/**
 * C for RV64 (chapter "C"): every instruction is a short form. Hints (`c.li` to x0, shifts by 0, ...) stand for long forms
 * without effect; what `accepts` refuses is reserved or another row's.
 */
export const c: readonly Row[] = [
  // Quadrant 0. An immediate of 0 is reserved; all bits zero is the defined illegal instruction.
  rewrite('c.addi4spn', CStackAddress, '000 ........ ... 00', as('addi', { rs1: sp }), immNotZero),
  rewrite('c.lw', CLoadWord, '010 ... ... .. ... 00', as('lw')),
  rewrite('c.ld', CLoadDouble, '011 ... ... .. ... 00', as('ld')),
  rewrite('c.sw', CStoreWord, '110 ... ... .. ... 00', as('sw')),
  rewrite('c.sd', CStoreDouble, '111 ... ... .. ... 00', as('sd')),

  // Quadrant 1.
  rewrite('c.nop', None, '000 0 00000 00000 01', as('addi', { rd: zero, rs1: zero, imm: 0 })),
  rewrite('c.addi', CI, '000 . ..... ..... 01', inPlace('addi'), ({ rd, imm }) => rd !== zero || imm !== 0),
  rewrite('c.addiw', CI, '001 . ..... ..... 01', inPlace('addiw'), rdNotZero),
  rewrite('c.li', CI, '010 . ..... ..... 01', as('addi', { rs1: zero })),
  rewrite('c.addi16sp', CStackAdjust, '011 . 00010 ..... 01', as('addi', { rd: sp, rs1: sp }), immNotZero),
  rewrite('c.lui', CLui, '011 . ..... ..... 01', as('lui'), ({ rd, imm }) => rd !== sp && imm !== 0),
  rewrite('c.srli', CBShift, '100 . 00 ... ..... 01', inPlace('srli')),
  rewrite('c.srai', CBShift, '100 . 01 ... ..... 01', inPlace('srai')),
  rewrite('c.andi', CBImmediate, '100 . 10 ... ..... 01', inPlace('andi')),
  rewrite('c.sub', CA, '100 0 11 ... 00 ... 01', inPlace('sub')),
  rewrite('c.xor', CA, '100 0 11 ... 01 ... 01', inPlace('xor')),
  rewrite('c.or', CA, '100 0 11 ... 10 ... 01', inPlace('or')),
  rewrite('c.and', CA, '100 0 11 ... 11 ... 01', inPlace('and')),
  rewrite('c.subw', CA, '100 1 11 ... 00 ... 01', inPlace('subw')),
  rewrite('c.addw', CA, '100 1 11 ... 01 ... 01', inPlace('addw')),
  rewrite('c.j', CJ, '101 ........... 01', as('jal', { rd: zero })),
  rewrite('c.beqz', CB, '110 ... ... ..... 01', as('beq', { rs2: zero })),
  rewrite('c.bnez', CB, '111 ... ... ..... 01', as('bne', { rs2: zero })),

  // Quadrant 2.
  rewrite('c.slli', CShift, '000 . ..... ..... 10', inPlace('slli')),
  rewrite('c.lwsp', CLoadWordSp, '010 . ..... ..... 10', fromStack('lw'), rdNotZero),
  rewrite('c.ldsp', CLoadDoubleSp, '011 . ..... ..... 10', fromStack('ld'), rdNotZero),
  rewrite('c.jr', CJumpRegister, '100 0 ..... 00000 10', as('jalr', { rd: zero, imm: 0 }), rs1NotZero),
  rewrite('c.mv', CR, '100 0 ..... ..... 10', as('add', { rs1: zero }), rs2NotZero),
  rewrite('c.ebreak', None, '100 1 00000 00000 10', as('ebreak')),
  rewrite('c.jalr', CJumpRegister, '100 1 ..... 00000 10', as('jalr', { rd: ra, imm: 0 }), rs1NotZero),
  rewrite('c.add', CR, '100 1 ..... ..... 10', inPlace('add'), rs2NotZero),
  rewrite('c.swsp', CStoreWordSp, '110 ...... ..... 10', fromStack('sw')),
  rewrite('c.sdsp', CStoreDoubleSp, '111 ...... ..... 10', fromStack('sd')),
]

/** The part of C that a CPU with D has as well. */
export const cWithD: readonly Row[] = [
  zcd.rewrite('c.fld', CFLoadDouble, '001 ... ... .. ... 00', as('fld')),
  zcd.rewrite('c.fsd', CFStoreDouble, '101 ... ... .. ... 00', as('fsd')),
  zcd.rewrite('c.fldsp', CFLoadDoubleSp, '001 . ..... ..... 10', fromStack('fld')),
  zcd.rewrite('c.fsdsp', CFStoreDoubleSp, '101 ...... ..... 10', fromStack('fsd')),
]
