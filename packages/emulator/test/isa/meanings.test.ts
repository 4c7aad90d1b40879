import { describe, expect, it } from 'vitest'
import type { MeaningRow } from '../../src/engine/table.ts'
import { allRows } from '../../src/isa/riscv/extensions.ts'
import type { Aliases } from './evaluate.ts'
import { evaluator, guestBytes, untouched } from './evaluate.ts'
import { Random } from './random.ts'
import { atomics, branches, oneRegister, registerImmediate, registerRegister, widths } from './reference.ts'

const meanings = new Map(
  allRows.filter((row): row is MeaningRow => row.kind === 'meaning' && row.extension !== 'f' && row.extension !== 'd').map((row) => [row.mnemonic, row]),
)
const row = (mnemonic: string): MeaningRow => {
  const found = meanings.get(mnemonic)
  if (found === undefined) throw new Error(`no row for ${mnemonic}`)
  return found
}
const signed = (value: bigint): bigint => BigInt.asIntN(64, value)

const random = new Random(20)
const min = -(1n << 63n)
const values: readonly bigint[] = [
  0n, 1n, 2n, 3n, 31n, 32n, 33n, 63n, 64n, 65n, 0x7fn, 0x80n, 0xffn, 0x7fffn, 0x8000n, 0xffffn, 0x7fff_ffffn, 0x8000_0000n, 0x8000_0001n,
  0xffff_ffffn, 0x1_0000_0000n, 0x1_ffff_ffffn, 0x0123_4567_89ab_cdefn, 0x00ff_00ff_00ff_00ffn, 0x0080_0001_0000_7f00n, ~min, min, min + 1n,
  -1n, -2n, -3n, -0x80n, -0x8000n, -0x8000_0000n, -0x8000_0001n, -0x1_0000_0000n,
  ...Array.from({ length: 24 }, (_, index) => random.bits64() >> BigInt(index % 3 === 0 ? random.below(64) : 0)),
]
const immediates = [0n, 1n, 2n, 31n, 32n, 255n, 1023n, 2047n, -1n, -2n, -32n, -1024n, -2047n, -2048n]
const upTo = (limit: number): readonly bigint[] => Array.from({ length: limit }, (_, index) => BigInt(index))

/** What the immediate may be. */
const immediatesOf = ({ format }: MeaningRow): readonly bigint[] =>
  format.name === 'Shift6' ? upTo(64) : format.name === 'Shift5' ? upTo(32) : immediates

const names = (reference: Readonly<Record<string, unknown>>): readonly string[] => Object.keys(reference)

describe('the meaning of', () => {
  // A destination that is a source as well must not be written before it is read.
  const aliases: readonly Aliases[] = [{}, { rd: 'rs1' }, { rd: 'rs2' }]

  it.each(names(registerRegister))('%s', (mnemonic) => {
    const compute = registerRegister[mnemonic]!
    for (const alias of aliases) {
      const evaluate = evaluator(row(mnemonic), alias)
      for (const a of values) {
        for (const b of values) {
          const { rd, target } = evaluate({ rs1: a, rs2: b })
          if (rd !== signed(compute(a, b))) expect(rd, `${mnemonic} ${a} ${b}`).toBe(signed(compute(a, b)))
          expect(target).toBeUndefined()
        }
      }
    }
    const same = evaluator(row(mnemonic), { rs2: 'rs1' })
    for (const a of values) expect(same({ rs1: a }).rd).toBe(signed(compute(a, a)))
  })

  it.each(names(registerImmediate))('%s', (mnemonic) => {
    const compute = registerImmediate[mnemonic]!
    for (const alias of aliases.slice(0, 2)) {
      const evaluate = evaluator(row(mnemonic), alias)
      for (const a of values) {
        for (const imm of immediatesOf(row(mnemonic))) {
          expect(evaluate({ rs1: a, imm }).rd, `${mnemonic} ${a} ${imm}`).toBe(signed(compute(a, imm)))
        }
      }
    }
  })

  it.each(names(oneRegister))('%s', (mnemonic) => {
    for (const alias of aliases.slice(0, 2)) {
      const evaluate = evaluator(row(mnemonic), alias)
      for (const a of values) expect(evaluate({ rs1: a }).rd, `${mnemonic} ${a}`).toBe(signed(oneRegister[mnemonic]!(a)))
    }
  })

  it.each(names(branches))('%s', (mnemonic) => {
    const evaluate = evaluator(row(mnemonic))
    for (const a of values) {
      for (const b of [...values, a]) {
        const expected = branches[mnemonic]!(a, b) ? 0x1000n - 36n : undefined
        expect(evaluate({ rs1: a, rs2: b, pc: 0x1000n, imm: -36n }), `${mnemonic} ${a} ${b}`).toEqual({ rd: untouched, target: expected })
      }
    }
  })

  it('lui and auipc', () => {
    const [lui, auipc] = [evaluator(row('lui')), evaluator(row('auipc'))]
    for (const imm of [0n, 4096n, -4096n, 0x7fff_f000n, -0x8000_0000n]) {
      for (const pc of [0n, 0x1000n, -4n, ~min - 1n]) {
        expect(lui({ imm, pc }).rd).toBe(imm)
        expect(auipc({ imm, pc }).rd).toBe(signed(pc + imm))
      }
    }
  })

  it('jal', () => {
    const evaluate = evaluator(row('jal'))
    for (const pc of [0n, 0x8000_0000n, -4n, ~min - 1n]) {
      for (const imm of [0n, 2n, -4n, 0xf_fffen, -0x10_0000n]) {
        expect(evaluate({ pc, imm })).toEqual({ rd: signed(pc + 4n), target: signed(pc + imm) })
      }
    }
  })

  it('jalr, also through the register it writes', () => {
    for (const alias of aliases.slice(0, 2)) {
      const evaluate = evaluator(row('jalr'), alias)
      for (const rs1 of values) {
        for (const imm of immediates) {
          const target = signed((rs1 + imm) & ~1n)
          expect(evaluate({ pc: 0x2000n, rs1, imm }), `${rs1} ${imm}`).toEqual({ rd: 0x2004n, target })
        }
      }
    }
  })

  const read = (memory: DataView, address: number, bytes: number): bigint => {
    let value = 0n
    for (let index = bytes - 1; index >= 0; index--) value = (value << 8n) | BigInt(memory.getUint8(address + index))
    return value
  }

  it.each(names(widths).filter((name) => name.startsWith('l')))('%s', (mnemonic) => {
    const { bytes, signed: extends_ } = widths[mnemonic]!
    for (const alias of aliases.slice(0, 2)) {
      const evaluate = evaluator(row(mnemonic), alias)
      for (let index = 0; index < guestBytes; index++) evaluate.memory.setUint8(index, random.below(256))
      for (let n = 0; n < 200; n++) {
        const address = 2048 + random.below(1024)
        const imm = immediates[random.below(immediates.length)]! / 2n
        const raw = read(evaluate.memory, address + Number(imm), bytes)
        expect(evaluate({ rs1: BigInt(address), imm }).rd).toBe(extends_ ? BigInt.asIntN(8 * bytes, raw) : raw)
      }
    }
  })

  it.each(names(widths).filter((name) => name.startsWith('s')))('%s', (mnemonic) => {
    const { bytes } = widths[mnemonic]!
    const evaluate = evaluator(row(mnemonic))
    const around = Array.from({ length: 16 }, (_, index) => index + 0xa0)
    for (const rs2 of values) {
      for (const imm of [0n, -1024n, 1023n, 2047n]) {
        const address = 1536 + random.below(8)
        const at = address + Number(imm)
        around.forEach((byte, index) => evaluate.memory.setUint8(at - 4 + index, byte))
        expect(evaluate({ rs1: BigInt(address), rs2, imm }).rd).toBe(untouched)
        expect(read(evaluate.memory, at, bytes)).toBe(BigInt.asUintN(8 * bytes, rs2))
        for (const [index, byte] of around.entries()) {
          if (index < 4 || index >= 4 + bytes) expect(evaluate.memory.getUint8(at - 4 + index)).toBe(byte)
        }
      }
    }
  })

  it.each(names(atomics).flatMap((name) => [`${name}.w`, `${name}.d`]))('%s', (mnemonic) => {
    const [name, suffix] = mnemonic.split('.')
    const width = suffix === 'w' ? 32 : 64
    const address = 64
    for (const alias of aliases) {
      const evaluate = evaluator(row(mnemonic), alias)
      for (const old of values) {
        for (const rs2 of values) {
          evaluate.memory.setBigInt64(address, 0x7777_7777_7777_7777n, true)
          for (let at = 0; at < width; at += 8) evaluate.memory.setUint8(address + at / 8, Number(BigInt.asUintN(8, old >> BigInt(at))))
          const [x, y] = [BigInt.asIntN(width, old), BigInt.asIntN(width, rs2)]
          const { rd } = evaluate({ rs1: BigInt(address), rs2 })
          const expected = BigInt.asUintN(width, atomics[name!]!(x, y))
          const left = read(evaluate.memory, address, width / 8)
          if (rd !== x || left !== expected) expect([rd, left], `${mnemonic} ${old} ${rs2}`).toEqual([x, expected])
          if (width === 32) expect(evaluate.memory.getUint32(address + 4, true)).toBe(0x7777_7777)
        }
      }
    }
  })

  it.each(['w', 'd'])('lr.%s', (suffix) => {
    const width = suffix === 'w' ? 32 : 64
    const evaluate = evaluator(row(`lr.${suffix}`))
    for (const value of values) {
      evaluate.memory.setBigInt64(8, value, true)
      expect(evaluate({ rs1: 8n }).rd).toBe(BigInt.asIntN(width, value))
    }
  })

  it.each(['w', 'd'])('sc.%s', (suffix) => {
    const width = suffix === 'w' ? 32 : 64
    for (const alias of aliases) {
      const evaluate = evaluator(row(`sc.${suffix}`), alias)
      // The evaluator starts with a reservation on address 0.
      for (const value of values) {
        for (const address of [0, 8]) evaluate.memory.setBigInt64(address, 0x1111_1111_1111_1111n, true)
        expect(evaluate({ rs1: 0n, rs2: value }).rd).toBe(0n)
        expect(read(evaluate.memory, 0, width / 8)).toBe(BigInt.asUintN(width, value))
        expect(evaluate({ rs1: 8n, rs2: value }).rd).toBe(1n)
        expect(evaluate.memory.getBigInt64(8, true)).toBe(0x1111_1111_1111_1111n)
      }
    }
  })

  it.each(['fence', 'fence.tso', 'pause'])('%s: nothing', (mnemonic) => {
    expect(evaluator(row(mnemonic))({ rs1: 1n, rs2: 2n })).toEqual({ rd: untouched, target: undefined })
  })

  it('every integer instruction is among the above', () => {
    const tested = [
      ...[registerRegister, registerImmediate, oneRegister, branches, widths].flatMap(names),
      ...names(atomics).flatMap((name) => [`${name}.w`, `${name}.d`]),
      'lui', 'auipc', 'jal', 'jalr', 'lr.w', 'lr.d', 'sc.w', 'sc.d', 'fence', 'fence.tso', 'pause',
    ]
    expect(tested.toSorted()).toEqual([...meanings.keys()].toSorted())
  })
})
