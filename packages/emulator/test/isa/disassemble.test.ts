import { describe, expect, it } from 'vitest'
import type { Row } from '../../src/engine/table.ts'
import { riscvDecoder } from '../../src/isa/riscv/decoder.ts'
import { disassemble } from '../../src/isa/riscv/disassemble.ts'
import { encode } from '../../src/isa/riscv/encode.ts'
import { allRows, instructionSet } from '../../src/isa/riscv/extensions.ts'
import { controlRegisters } from '../../src/isa/riscv/registers.ts'
import { objdump } from './objdump.ts'
import { Random } from './random.ts'
import { sample } from './samples.ts'

const decoder = riscvDecoder(instructionSet().rows)
const ours = (bits: number, address: number): string | undefined => {
  const found = decoder.find(bits)
  return found && disassemble(found.row, found.operands, BigInt(address))
}

/** Lays encodings out in memory, each with its offset. */
const layOut = (encodings: readonly number[]): { readonly code: Uint8Array; readonly at: readonly number[] } => {
  const bytes: number[] = []
  const at: number[] = []
  for (const bits of encodings) {
    at.push(bytes.length)
    bytes.push(bits & 0xff, (bits >>> 8) & 0xff)
    if ((bits & 3) === 3) bytes.push((bits >>> 16) & 0xff, bits >>> 24)
  }
  return { code: Uint8Array.from(bytes), at }
}

interface Difference {
  readonly bits: string
  readonly ours: string | undefined
  readonly theirs: string | undefined
}
/** Where objdump reads an encoding differently. */
const differences = (encodings: readonly number[]): readonly Difference[] => {
  const { code, at } = layOut(encodings)
  const lines = objdump(code)
  return encodings
    .map((bits, index) => ({ bits: bits.toString(16), ours: ours(bits, at[index]!), theirs: lines.get(at[index]!)?.text }))
    .filter((one) => one.ours !== one.theirs)
}

// objdump knows an exact conversion only with the rounding mode that the assembler puts there, although any is valid.
const canonical = (row: Row, bits: number): number => (row.format.name.endsWith('Exact') ? (bits & ~0x7000) >>> 0 : bits)

describe('disassemble', () => {
  it('writes every row of four bytes as GNU objdump does', () => {
    const random = new Random(11)
    const encodings = allRows
      // Short forms, fences and control registers have tests of their own.
      .filter((row) => row.length === 4 && row.mnemonic !== 'fence' && row.extension !== 'zicsr' && row.mnemonic !== 'fence.i')
      .flatMap((row) => Array.from({ length: 40 }, () => canonical(row, sample(row, random))))
    expect(encodings.length).toBeGreaterThan(4000)
    expect(differences(encodings)).toEqual([])
  })

  it('writes fences as GNU objdump does', () => {
    const encodings = [encode('fence.i')]
    for (let pred = 1; pred < 16; pred++) for (let succ = 1; succ < 16; succ++) encodings.push(encode('fence', { pred, succ }))
    expect(differences(encodings)).toEqual([])
  })

  it('writes every control register as GNU objdump does, but for those of RV32', () => {
    const encodings = Array.from({ length: 4096 }, (_, csr) => encode('csrrw', { rd: 10, csr, rs1: 11 }))
    const different = differences(encodings)
    for (const { ours: own, theirs } of different) {
      expect(own).toMatch(/^csrrw a0,0x[0-9a-f]+,a1$/)
      expect(theirs).toMatch(/^csrrw a0,[a-z0-9]+h,a1$/)
    }
    expect(controlRegisters.size).toBeGreaterThan(250)
    for (const mnemonic of ['csrrs', 'csrrc']) expect(differences([encode(mnemonic, { rd: 0, csr: 0x300, rs1: 31 })])).toEqual([])
    for (const mnemonic of ['csrrwi', 'csrrsi', 'csrrci']) expect(differences([encode(mnemonic, { rd: 1, csr: 0x5c0, uimm: 31 })])).toEqual([])
  })

  it('writes every 16-bit encoding as GNU objdump does', () => {
    const encodings = Array.from({ length: 0x1_0000 }, (_, bits) => bits).filter((bits) => (bits & 3) !== 3)
    const unexplained = differences(encodings).filter(({ ours: own, theirs }) => {
      // The defined illegal instruction has a name there.
      if (own === undefined) return theirs !== 'c.unimp' && theirs !== 'c.addi16sp sp,0' && !theirs?.startsWith('.2byte')
      // It has no name of its own there.
      if (own === 'c.nop') return theirs !== 'c.addi zero,0'
      // A shift by 0 is RV128's shift by 64 there and a hint here.
      return theirs?.replace(/^(c\.s\w+?)64 (\w+)$/, '$1 $2,0x0') !== own
    })
    expect(unexplained).toEqual([])
  })

  it('tells instructions from illegal ones as GNU objdump does', () => {
    const opcodes = [...new Set(allRows.filter((row) => row.length === 4).map((row) => row.match & 0x7f))]
    const random = new Random(12)
    // Rows fix registers to 0 or 2 and upper bits to 0, which random bits seldom meet.
    const cleared = [0, 0x01f0_0000, 0x01d0_0000, 0xe000_0000, 0x000f_f000, 0x0000_0f80, 0x01ff_8f80]
    const encodings = Array.from({ length: 100_000 }, (_, index) => {
      const bits = (random.bits32() & ~0x7f) | opcodes[index % opcodes.length]!
      return (bits & ~cleared[random.below(cleared.length)]!) >>> 0
    })
    const unexplained = differences(encodings).filter(({ ours: own, theirs }) => {
      if (own === undefined) {
        // Reserved rounding modes, and instructions that the specification has withdrawn.
        return !theirs?.startsWith('.4byte') && !theirs?.endsWith(',unknown') && theirs !== 'uret' && theirs !== 'sfence.vm'
      }
      // Reserved fields of fences are ignored, the rounding mode of exact conversions as well.
      if (/^(fence|fence\.i|fcvt\.d\.(w|wu|s)) ?/.test(own)) return !theirs?.startsWith('.4byte') && !theirs?.includes('unknown')
      // A write to a counter that cannot be written is the assembler's illegal instruction.
      if (own === 'csrrw zero,cycle,zero') return theirs !== 'unimp'
      // Control registers of RV32.
      return !/^csr\w+ \w+,0x[0-9a-f]+,\w+$/.test(own) || !/^csr\w+ \w+,[a-z0-9]+h,\w+$/.test(theirs ?? '')
    })
    expect(unexplained).toEqual([])
  })

  it('counts jumps from the instruction, modulo 2^64', () => {
    const found = decoder.find(encode('jal', { rd: 0, imm: -8 }))!
    expect(disassemble(found.row, found.operands, 4n)).toBe('jal zero,0xfffffffffffffffc')
    expect(disassemble(found.row, found.operands, 0xffff_ffff_8000_0008n)).toBe('jal zero,0xffffffff80000000')
  })

  it('writes the mode of reserved fences', () => {
    expect(ours(0x0000_000f, 0)).toBe('fence 0,0')
  })
})
