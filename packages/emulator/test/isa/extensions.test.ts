import { describe, expect, it } from 'vitest'
import { riscvDecoder } from '../../src/isa/riscv/decoder.ts'
import { encode } from '../../src/isa/riscv/encode.ts'
import { IsaError } from '../../src/isa/riscv/errors.ts'
import { extensionNames, instructionSet } from '../../src/isa/riscv/extensions.ts'

const decodes = (names: readonly string[], bits: number): boolean => riscvDecoder(instructionSet(names).rows).decode(bits) !== undefined

describe('an instruction set', () => {
  it('has everything unless told otherwise, and says so in canonical order', () => {
    const all = instructionSet()
    expect(all.isa).toBe('rv64imafdc_zicntr_zicsr_zifencei_zihpm_zba_zbb_zbs_sstc')
    expect(all.isaBase).toBe('rv64i')
    expect(all.isaExtensions).toEqual(['i', 'm', 'a', 'f', 'd', 'c', 'zicntr', 'zicsr', 'zifencei', 'zihpm', 'zba', 'zbb', 'zbs', 'sstc'])
    expect([...all.extensions].toSorted()).toEqual(extensionNames.toSorted())
  })

  it('takes its extensions in any order', () => {
    const small = instructionSet(['zicsr', 'c', 'a', 'i'])
    expect(small.isa).toBe('rv64iac_zicsr')
    expect(small.isaExtensions).toEqual(['i', 'a', 'c', 'zicsr'])
    expect(instructionSet(['i', 'zicsr']).isa).toBe('rv64i_zicsr')
  })

  it.each([
    ['m', ['m'], encode('mul', { rd: 1, rs1: 2, rs2: 3 })],
    ['a', ['a'], encode('lr.d', { rd: 1, rs1: 2 })],
    ['f', ['f'], encode('fadd.s', { rd: 1, rs1: 2, rs2: 3 })],
    ['d', ['f', 'd'], encode('fadd.d', { rd: 1, rs1: 2, rs2: 3 })],
    ['c', ['c'], encode('c.nop')],
    ['zifencei', ['zifencei'], encode('fence.i')],
    ['zba', ['zba'], encode('sh1add', { rd: 1, rs1: 2, rs2: 3 })],
    ['zbb', ['zbb'], encode('rev8', { rd: 1, rs1: 2 })],
    ['zbs', ['zbs'], encode('bseti', { rd: 1, rs1: 2, imm: 3 })],
  ])('decodes the instructions of %s only with it', (name, chosen, bits) => {
    expect(decodes(['i', 'zicsr', ...chosen], bits)).toBe(true)
    const without = extensionNames.filter((one) => one !== name && !(name === 'f' && one === 'd'))
    expect(decodes(without, bits)).toBe(false)
  })

  it('has compressed loads and stores of doubles only with both C and D', () => {
    for (const bits of [0x2000, 0xa000, 0x2002, 0xa002]) {
      expect(decodes(['i', 'zicsr', 'f', 'd', 'c'], bits)).toBe(true)
      expect(decodes(['i', 'zicsr', 'c'], bits)).toBe(false)
      expect(decodes(['i', 'zicsr', 'f', 'c'], bits)).toBe(false)
      expect(decodes(['i', 'zicsr', 'f', 'd'], bits)).toBe(false)
    }
  })

  it('always has its privileged instructions', () => {
    for (const mnemonic of ['mret', 'sret', 'wfi', 'ecall', 'ebreak']) expect(decodes(['i', 'zicsr'], encode(mnemonic))).toBe(true)
  })

  it.each([
    [['i', 'zicsr', 'd'], /"d" needs "f"/],
    [['i', 'zicsr', 'zihpm'], /"zihpm" needs "zicntr"/],
    [['i', 'm'], /"i" needs "zicsr"/],
    [['i', 'zicsr', 'v'], /got "v"/],
    [['i', 'zicsr', 'toString'], /got "toString"/],
    [['i', 'zicsr', 'i'], /"i" twice/],
    [['zicsr'], /expected the base "i".* got zicsr/],
    [[], /got none/],
  ])('refuses %j', (names, message) => {
    const attempt = (): unknown => instructionSet(names)
    expect(attempt).toThrow(IsaError)
    expect(attempt).toThrow(expect.objectContaining({ code: 'ERR_ISA_EXTENSION', message: expect.stringMatching(message) }))
  })
})
