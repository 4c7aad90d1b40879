import type { Micro } from '../../engine/micro.ts'
import type { Operands, Row } from '../../engine/table.ts'
import type { Access, I32, I64 } from '../../wasm/value.ts'
import { i32, i64, loads, stores } from '../../wasm/value.ts'
import { B, Fence, FenceI, I, J, Jalr, Load, None, R, rowsOf, S, Shift5, Shift6, U } from './formats.ts'

const { instruction, service } = rowsOf('i')

type Meaning = (m: Micro) => void

/** rd = op(rs1, rs2) */
export const binary = (op: (a: I64, b: I64) => I64): Meaning => (m) => m.set('rd', op(m.get('rs1'), m.get('rs2')))
/** rd = op(rs1, imm) */
export const withImmediate = (op: (a: I64, b: I64) => I64): Meaning => (m) => m.set('rd', op(m.get('rs1'), m.immediate()))
/** rd = op on the low 32 bits of rs1 and rs2, sign-extended */
export const binaryWord = (op: (a: I32, b: I32) => I32): Meaning => (m) =>
  m.set('rd', i64.extendS(op(i32.wrap(m.get('rs1')), i32.wrap(m.get('rs2')))))
/** rd = op on the low 32 bits of rs1 and imm, sign-extended */
export const withImmediateWord = (op: (a: I32, b: I32) => I32): Meaning => (m) =>
  m.set('rd', i64.extendS(op(i32.wrap(m.get('rs1')), m.immediate32())))
/** rd = op(rs1) */
export const unary = (op: (a: I64) => I64): Meaning => (m) => m.set('rd', op(m.get('rs1')))

const compare = (op: (a: I64, b: I64) => I32): Meaning => binary((a, b) => i64.extendU(op(a, b)))
const compareImmediate = (op: (a: I64, b: I64) => I32): Meaning => withImmediate((a, b) => i64.extendU(op(a, b)))
const branch = (op: (a: I64, b: I64) => I32): Meaning => (m) => m.branch(op(m.get('rs1'), m.get('rs2')))

const address = (m: Micro): I64 => i64.add(m.get('rs1'), m.immediate())
const load = (how: Access<'i64'>): Meaning => (m) => m.set('rd', m.load(how, address(m)))
const store = (how: Access<'i64'>): Meaning => (m) => m.store(how, address(m), m.get('rs2'))

// Memory is accessed in program order by one hart at a time, so a fence has nothing to do.
const nothing: Meaning = () => {}

const withSets = (fm: number, pred: number, succ: number) => (o: Operands): boolean =>
  o['fm'] === fm && o['pred'] === pred && o['succ'] === succ && o['rd'] === 0 && o['rs1'] === 0
const isTso = withSets(8, 3, 3)
const isPause = withSets(0, 1, 0)

const jumpAndLink: Meaning = (m) => {
  m.set('rd', m.next())
  m.jump()
}

const jumpAndLinkRegister: Meaning = (m) => {
  const target = m.code.let(i64.and(address(m), i64.const(-2n)))
  m.set('rd', m.next())
  m.jumpTo(target)
}

/**
 * RV64I (unprivileged specification, chapters 2 and 4). With compressed instructions a jump's target cannot be
 * misaligned; without them the engine checks it. Wasm's shifts take the count modulo the width as RISC-V's do.
 */
export const i: readonly Row[] = [
  instruction('lui', U, '.................... ..... 0110111', (m) => m.set('rd', m.immediate())),
  instruction('auipc', U, '.................... ..... 0010111', (m) => m.set('rd', i64.add(m.pc(), m.immediate()))),
  instruction('jal', J, '.................... ..... 1101111', jumpAndLink),
  instruction('jalr', Jalr, '............ ..... 000 ..... 1100111', jumpAndLinkRegister),

  instruction('beq', B, '....... ..... ..... 000 ..... 1100011', branch(i64.eq)),
  instruction('bne', B, '....... ..... ..... 001 ..... 1100011', branch(i64.ne)),
  instruction('blt', B, '....... ..... ..... 100 ..... 1100011', branch(i64.ltS)),
  instruction('bge', B, '....... ..... ..... 101 ..... 1100011', branch(i64.geS)),
  instruction('bltu', B, '....... ..... ..... 110 ..... 1100011', branch(i64.ltU)),
  instruction('bgeu', B, '....... ..... ..... 111 ..... 1100011', branch(i64.geU)),

  instruction('lb', Load, '............ ..... 000 ..... 0000011', load(loads.i64s8)),
  instruction('lh', Load, '............ ..... 001 ..... 0000011', load(loads.i64s16)),
  instruction('lw', Load, '............ ..... 010 ..... 0000011', load(loads.i64s32)),
  instruction('ld', Load, '............ ..... 011 ..... 0000011', load(loads.i64)),
  instruction('lbu', Load, '............ ..... 100 ..... 0000011', load(loads.i64u8)),
  instruction('lhu', Load, '............ ..... 101 ..... 0000011', load(loads.i64u16)),
  instruction('lwu', Load, '............ ..... 110 ..... 0000011', load(loads.i64u32)),
  instruction('sb', S, '....... ..... ..... 000 ..... 0100011', store(stores.i64u8)),
  instruction('sh', S, '....... ..... ..... 001 ..... 0100011', store(stores.i64u16)),
  instruction('sw', S, '....... ..... ..... 010 ..... 0100011', store(stores.i64u32)),
  instruction('sd', S, '....... ..... ..... 011 ..... 0100011', store(stores.i64)),

  instruction('addi', I, '............ ..... 000 ..... 0010011', withImmediate(i64.add)),
  instruction('slti', I, '............ ..... 010 ..... 0010011', compareImmediate(i64.ltS)),
  instruction('sltiu', I, '............ ..... 011 ..... 0010011', compareImmediate(i64.ltU)),
  instruction('xori', I, '............ ..... 100 ..... 0010011', withImmediate(i64.xor)),
  instruction('ori', I, '............ ..... 110 ..... 0010011', withImmediate(i64.or)),
  instruction('andi', I, '............ ..... 111 ..... 0010011', withImmediate(i64.and)),
  instruction('slli', Shift6, '000000 ...... ..... 001 ..... 0010011', withImmediate(i64.shl)),
  instruction('srli', Shift6, '000000 ...... ..... 101 ..... 0010011', withImmediate(i64.shrU)),
  instruction('srai', Shift6, '010000 ...... ..... 101 ..... 0010011', withImmediate(i64.shrS)),
  instruction('addiw', I, '............ ..... 000 ..... 0011011', withImmediateWord(i32.add)),
  instruction('slliw', Shift5, '0000000 ..... ..... 001 ..... 0011011', withImmediateWord(i32.shl)),
  instruction('srliw', Shift5, '0000000 ..... ..... 101 ..... 0011011', withImmediateWord(i32.shrU)),
  instruction('sraiw', Shift5, '0100000 ..... ..... 101 ..... 0011011', withImmediateWord(i32.shrS)),

  instruction('add', R, '0000000 ..... ..... 000 ..... 0110011', binary(i64.add)),
  instruction('sub', R, '0100000 ..... ..... 000 ..... 0110011', binary(i64.sub)),
  instruction('sll', R, '0000000 ..... ..... 001 ..... 0110011', binary(i64.shl)),
  instruction('slt', R, '0000000 ..... ..... 010 ..... 0110011', compare(i64.ltS)),
  instruction('sltu', R, '0000000 ..... ..... 011 ..... 0110011', compare(i64.ltU)),
  instruction('xor', R, '0000000 ..... ..... 100 ..... 0110011', binary(i64.xor)),
  instruction('srl', R, '0000000 ..... ..... 101 ..... 0110011', binary(i64.shrU)),
  instruction('sra', R, '0100000 ..... ..... 101 ..... 0110011', binary(i64.shrS)),
  instruction('or', R, '0000000 ..... ..... 110 ..... 0110011', binary(i64.or)),
  instruction('and', R, '0000000 ..... ..... 111 ..... 0110011', binary(i64.and)),
  instruction('addw', R, '0000000 ..... ..... 000 ..... 0111011', binaryWord(i32.add)),
  instruction('subw', R, '0100000 ..... ..... 000 ..... 0111011', binaryWord(i32.sub)),
  instruction('sllw', R, '0000000 ..... ..... 001 ..... 0111011', binaryWord(i32.shl)),
  instruction('srlw', R, '0000000 ..... ..... 101 ..... 0111011', binaryWord(i32.shrU)),
  instruction('sraw', R, '0100000 ..... ..... 101 ..... 0111011', binaryWord(i32.shrS)),

  // Unused fields and modes of a fence are reserved: it acts as the strongest one (section 2.7).
  instruction('fence', Fence, '.... .... .... ..... 000 ..... 0001111', nothing, (o) => !isTso(o) && !isPause(o)),
  instruction('fence.tso', None, '1000 0011 0011 00000 000 00000 0001111', nothing),
  instruction('pause', None, '0000 0001 0000 00000 000 00000 0001111', nothing),
  service('ecall', None, '000000000000 00000 000 00000 1110011'),
  service('ebreak', None, '000000000001 00000 000 00000 1110011'),
]

/** Zifencei (chapter 5): code written before is fetched after. */
export const zifencei: readonly Row[] = [rowsOf('zifencei').service('fence.i', FenceI, '............ ..... 001 ..... 0001111')]
