import { describe, expect, it } from 'vitest'
import type { Row } from '../../src/engine/table.ts'
import { extractAll } from '../../src/engine/table.ts'
import { bucketOf, riscvDecoder } from '../../src/isa/riscv/decoder.ts'
import { encode, encodeRow } from '../../src/isa/riscv/encode.ts'
import { IsaError } from '../../src/isa/riscv/errors.ts'
import { allRows, instructionSet } from '../../src/isa/riscv/extensions.ts'
import { Random } from './random.ts'
import { sample } from './samples.ts'

const decoder = riscvDecoder(instructionSet().rows)
const samplesPerRow = 300
const hex = (bits: number): string => `0x${bits.toString(16)}`

describe('the tables of RISC-V', () => {
  it('have one row for each mnemonic', () => {
    const mnemonics = allRows.map((row) => row.mnemonic)
    expect(mnemonics.filter((name, index) => mnemonics.indexOf(name) !== index)).toEqual([])
  })

  it.each(allRows.map((row) => [row.mnemonic, row] as const))('%s: pattern and operands cover every bit once', (_name, row) => {
    let covered = BigInt(row.mask)
    for (const { name, pieces } of row.format.operands) {
      for (const { from, width } of pieces) {
        const field = ((1n << BigInt(width)) - 1n) << BigInt(from)
        expect(covered & field, `${name} overlaps`).toBe(0n)
        covered |= field
      }
    }
    expect(covered).toBe(row.length === 2 ? 0xffffn : 0xffff_ffffn)
    expect((row.match & 3) === 3).toBe(row.length === 4)
  })

  it.each(allRows.map((row) => [row.mnemonic, row] as const))('%s: encoding what was decoded gives the same bits', (_name, row) => {
    const random = new Random(row.match + 1)
    for (let n = 0; n < samplesPerRow; n++) {
      const bits = sample(row, random)
      const found = decoder.find(bits)
      expect(found?.row.mnemonic, hex(bits)).toBe(row.mnemonic)
      expect(encodeRow(row, found!.operands)).toBe(bits)
      expect(encode(row.mnemonic, found!.operands)).toBe(bits)
    }
  })

  it.each(allRows.map((row) => [row.mnemonic, row] as const))('%s: falls into one bucket', (_name, row) => {
    const random = new Random(row.match + 2)
    const buckets = new Set([bucketOf(row.match)])
    for (let n = 0; n < samplesPerRow; n++) buckets.add(bucketOf(sample(row, random)))
    expect(buckets.size).toBe(1)
  })

  it('have no two rows for one 32-bit encoding', () => {
    const random = new Random(3)
    const long = allRows.filter((row) => row.length === 4)
    const accepts = (row: Row, bits: number): boolean => row.accepts?.(extractAll(bits, row.format)) !== false
    const overlapping: string[] = []
    for (const [index, one] of long.entries()) {
      for (const other of long.slice(index + 1)) {
        if (((one.match ^ other.match) & one.mask & other.mask) !== 0) continue
        const free = ~(one.mask | other.mask)
        for (let n = 0; n < 2000; n++) {
          const bits = (one.match | other.match | (random.bits32() & free)) >>> 0
          if (accepts(one, bits) && accepts(other, bits)) overlapping.push(`${one.mnemonic} and ${other.mnemonic}: ${hex(bits)}`)
        }
      }
    }
    expect(overlapping).toEqual([])
  })

  it('have at most one row for each 16-bit encoding, which the decoder finds', () => {
    const short = allRows.filter((row) => row.length === 2)
    for (let bits = 0; bits < 0x1_0000; bits++) {
      if ((bits & 3) === 3) continue
      const rows = short.filter((row) => (bits & row.mask) === row.match && row.accepts?.(extractAll(bits, row.format)) !== false)
      if (rows.length > 1) expect.unreachable(`${hex(bits)}: ${rows.map((row) => row.mnemonic).join(' and ')}`)
      // What stands behind a short instruction in memory must not matter.
      for (const behind of [0, 0xffff_0000]) expect(decoder.find((bits | behind) >>> 0)?.row).toBe(rows[0])
    }
  })

  it('rewrite each short form to an encodable long one', () => {
    const random = new Random(4)
    for (const row of allRows) {
      if (row.kind !== 'rewrite') continue
      for (let n = 0; n < samplesPerRow; n++) {
        const bits = sample(row, random)
        const long = row.rewrite(extractAll(bits, row.format))
        const operation = decoder.decode(bits)
        expect(operation, `${row.mnemonic} ${hex(bits)}`).toBeDefined()
        expect(operation!.length).toBe(2)
        const decoded = decoder.decode(encode(long.mnemonic, long.operands))
        expect(decoded?.row).toBe(operation!.row)
        // The ordering and reserved fields are of no interest here: short forms have none.
        expect(decoded?.operands).toEqual(operation!.operands)
      }
    }
  })

  it.each([
    ['all zeros', 0],
    ['all ones', 0xffff_ffff],
    ['c.addi4spn with immediate 0', 0x0004],
    ['c.addiw with rd 0', 0x2005],
    ['c.lui with immediate 0', 0x6081],
    ['c.addi16sp with immediate 0', 0x6101],
    ['c.lwsp with rd 0', 0x4002],
    ['c.ldsp with rd 0', 0x6002],
    ['c.jr with rs1 0', 0x8002],
    ['the reserved word operations of quadrant 1', 0x9c41],
    ['slli with a shift amount of 6 bits on a word', 0x0200_901b],
    ['jalr with funct3 1', 0x0000_9067],
    ['a load with funct3 7', 0x0000_7003],
    ['lr.w with rs2', 0x1010_a0af],
    ['an atomic of 16 bits', 0x0020_90af],
    ['ecall with rd', 0x0000_00f3],
    ['wrs.nto', 0x00d0_0073],
    ['vsetvli', 0x0c00_7057],
    ['cbo.zero', 0x0045_200f],
    ['hfence.vvma', 0x2200_0073],
  ])('have no row for %s', (_name, bits) => {
    expect(decoder.find(bits)).toBeUndefined()
    expect(decoder.decode(bits)).toBeUndefined()
  })

  it('take the reserved fields of a fence as an ordinary one', () => {
    for (const bits of [0x0ff0_000f, 0x8330_000f, 0x0100_000f, 0x0000_000f, 0xffff_8f8f, 0x0000_100f, 0xffff_9f8f]) {
      expect(decoder.decode(bits), hex(bits)).toBeDefined()
    }
    expect(decoder.find(0x8330_000f)?.row.mnemonic).toBe('fence.tso')
    expect(decoder.find(0x8330_008f)?.row.mnemonic).toBe('fence')
    expect(decoder.find(0x0100_000f)?.row.mnemonic).toBe('pause')
  })
})

describe('encode', () => {
  it('gives what the specification shows', () => {
    expect(encode('addi', { rd: 0, rs1: 0, imm: 0 })).toBe(0x0000_0013)
    expect(encode('ecall')).toBe(0x0000_0073)
    expect(encode('mret')).toBe(0x3020_0073)
    expect(encode('lui', { rd: 10, imm: -4096 })).toBe(0xffff_f537)
    expect(encode('jal', { rd: 1, imm: -4 })).toBe(0xffdf_f0ef)
    expect(encode('c.nop')).toBe(0x0001)
    expect(encode('c.ebreak')).toBe(0x9002)
    expect(encode('amoadd.w', { rd: 1, rs1: 2, rs2: 3, aqrl: 3 })).toBe(0x0631_20af)
  })

  it.each([
    ['frobnicate', {}, 'ERR_ISA_MNEMONIC', /"frobnicate"/],
    ['addi', { rd: 1, rs1: 1 }, 'ERR_ISA_OPERAND', /"imm" is missing/],
    ['addi', { rd: 1, rs1: 1, imm: 2048 }, 'ERR_ISA_OPERAND', /"imm" cannot be 2048/],
    ['addi', { rd: 1, rs1: 1, imm: 0.5 }, 'ERR_ISA_OPERAND', /"imm" cannot be 0.5/],
    ['addi', { rd: 32, rs1: 1, imm: 0 }, 'ERR_ISA_OPERAND', /"rd" cannot be 32/],
    ['addi', { rd: 1, rs1: 1, imm: 0, rs2: 0 }, 'ERR_ISA_OPERAND', /no operand "rs2"/],
    ['slliw', { rd: 1, rs1: 1, imm: 32 }, 'ERR_ISA_OPERAND', /"imm" cannot be 32/],
    ['lui', { rd: 1, imm: 1 }, 'ERR_ISA_OPERAND', /"imm" cannot be 1/],
    ['beq', { rs1: 1, rs2: 1, imm: 3 }, 'ERR_ISA_OPERAND', /"imm" cannot be 3/],
    ['c.sub', { rd: 7, rs2: 8 }, 'ERR_ISA_OPERAND', /"rd" cannot be 7/],
    ['c.mv', { rd: 7, rs2: 0 }, 'ERR_ISA_OPERAND', /reserved/],
  ] as const)('refuses %s %o', (mnemonic, operands, code, message) => {
    const attempt = (): number => encode(mnemonic, operands)
    expect(attempt).toThrow(IsaError)
    expect(attempt).toThrow(expect.objectContaining({ code, message: expect.stringMatching(message) }))
  })
})
