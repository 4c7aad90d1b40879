import { encodeState, GuestMemory, StateError, VirtualClock } from '@strata/machine'
import type { Plain, SavedState } from '@strata/machine'
import { describe, expect, it } from 'vitest'
import { encode, instructionSet, RiscvHart } from '../../src/index.ts'
import type { InstructionSet } from '../../src/index.ts'

const base = 0x8000_0000
const device = 0x1000_0000
const ram = 1 << 20

interface Made {
  readonly hart: RiscvHart
  readonly memory: GuestMemory
  readonly clock: VirtualClock
}

const make = (instructions: InstructionSet = instructionSet()): Made => {
  const clock = new VirtualClock({ frequency: 10_000_000, instructionsPerTick: 1 })
  const memory = GuestMemory.create({ size: ram, reserved: RiscvHart.reservedBytes(1, ram) })
  return { hart: new RiscvHart({ memory, clock, id: 0, hypercalls: false, instructions }), memory, clock }
}

const place = ({ memory }: Made, at: number, words: readonly number[]): void => {
  memory.write(at, new Uint8Array(Uint32Array.from(words).buffer))
}
/** `csrw csr, rs1`. */
const csrw = (csr: number, rs1: number): number => encode('csrrw', { rd: 0, rs1, csr })

/** A hart with something in every part of its state. */
const busy = (): Made => {
  const made = make()
  place(made, base, [
    encode('lui', { rd: 5, imm: 0xc6000 }),
    csrw(0x300, 5), // mstatus: FS, SUM, MXR
    encode('fcvt.d.l', { rd: 8, rs1: 5, rm: 7 }),
    encode('fdiv.d', { rd: 9, rs1: 8, rs2: 7, rm: 7 }), // by zero: DZ
    encode('addi', { rd: 6, rs1: 0, imm: -1 }),
    csrw(0x14d, 6), // stimecmp
    csrw(0x3b0, 6),
    csrw(0x105, 6), // stvec
    encode('auipc', { rd: 7, imm: 0 }),
    encode('lr.d', { rd: 28, rs1: 7 }),
    csrw(0x340, 7), // mscratch
    encode('jal', { rd: 0, imm: 0 }),
  ])
  made.hart.run(20)
  made.hart.line('meip').set(true)
  made.hart.line('ssip').set(true)
  return made
}

const bytesOf = (hart: RiscvHart): string => Buffer.from(encodeState(hart.save())).toString('latin1')

describe('a hart\'s saved state', () => {
  it('holds all of the hart: restored in another, it is the same again and goes on alike', () => {
    const one = busy()
    const state = one.hart.save()
    expect(state).toMatchObject({ fflags: 8, retired: 20, lines: 1n << 11n, privilege: 3 })
    expect(state['reservation']).toBeGreaterThan(0)
    const other = make()
    other.memory.restore(one.memory.save())
    other.hart.restore(state)
    expect(bytesOf(other.hart)).toBe(bytesOf(one.hart))
    for (const { hart } of [one, other]) {
      place(hart === one.hart ? one : other, base + 44, [encode('sc.d', { rd: 29, rs1: 7, rs2: 6 }), encode('jal', { rd: 0, imm: 0 })])
      hart.run(5)
    }
    expect(one.hart.register(29)).toBe(0n) // the reservation was still there
    expect(bytesOf(other.hart)).toBe(bytesOf(one.hart))
  })

  it('keeps the answer of a device that the instruction has not taken yet', () => {
    const one = make()
    place(one, base, [encode('lui', { rd: 5, imm: device }), encode('lwu', { rd: 6, rs1: 5, imm: 4 }), encode('jal', { rd: 0, imm: 0 })])
    expect(one.hart.run(100)).toEqual({ kind: 'mmio-read', address: device + 4, width: 4 })
    const asked = one.hart.save()
    one.hart.complete(0x1234n)
    const answered = one.hart.save()
    const restored = (state: SavedState): Made => {
      const made = make()
      made.memory.restore(one.memory.save())
      made.hart.restore(state)
      return made
    }
    const after = restored(answered).hart
    expect(after.run(10)).toEqual({ kind: 'budget' })
    expect([after.register(6), after.retired]).toEqual([0x1234n, 11])
    // Saved before the answer, it asks again.
    expect(restored(asked).hart.run(10)).toEqual({ kind: 'mmio-read', address: device + 4, width: 4 })
  })

  it('brings its timer back', () => {
    const one = make()
    place(one, base, [
      encode('addi', { rd: 5, rs1: 0, imm: -1 }),
      csrw(0x30a, 5), // menvcfg.STCE
      encode('addi', { rd: 6, rs1: 0, imm: 50 }),
      csrw(0x14d, 6), // stimecmp
      encode('jal', { rd: 0, imm: 0 }),
    ])
    one.hart.run(10)
    const other = make()
    other.clock.restore(one.clock.save())
    other.hart.restore(one.hart.save())
    expect(other.clock.nextDeadline()).toBe(50)
    other.memory.restore(one.memory.save())
    other.hart.run(100)
    other.clock.fireDue()
    expect(((other.hart.save()['registers'] as { mip: bigint }).mip >> 5n) & 1n).toBe(1n)
  })

  const refused = (hart: RiscvHart, state: unknown): void => {
    const before = bytesOf(hart)
    expect(() => { hart.restore(state as SavedState) }).toThrow(StateError)
    expect(bytesOf(hart)).toBe(before)
  }

  it('is refused by a hart with other extensions', () => {
    const state = busy().hart.save()
    refused(make(instructionSet(['i', 'm', 'a', 'c', 'zicsr', 'zifencei', 'zicntr'])).hart, state)
    expect(() => { make(instructionSet(['i', 'zicsr'])).hart.restore(state) }).toThrow(/the same as the hart has \(i zicsr\)/)
  })

  it('is refused in another version, whole or in parts, if a value is missing or of another kind', () => {
    const { hart } = busy()
    const good = hart.save()
    const odd: readonly unknown[] = [undefined, null, true, -1, 1.5, Number.NaN, 2 ** 60, -1n, 1n << 64n, '', new Uint8Array(3), new Uint8Array(1000), [], {}]
    for (const value of [...odd, good['registers']]) refused(hart, value)
    refused(hart, { ...good, version: 2 })
    for (const key of Object.keys(good)) {
      for (const value of odd) {
        // What the hart can hold is fine; what it cannot must not get in.
        const isSame = typeof value === typeof good[key] && !(typeof value === 'object')
        if (!isSame) refused(hart, { ...good, [key]: value as Plain })
      }
    }
    const registers = good['registers'] as Readonly<Record<string, bigint>>
    for (const name of Object.keys(registers)) {
      for (const value of [undefined, 1, -1n, 1n << 64n]) refused(hart, { ...good, registers: { ...registers, [name]: value } })
    }
  })

  it.for<readonly [string, Plain]>([
    ['privilege', 2], ['fflags', 32], ['frm', 8], ['deviceAnswer', 3], ['open', 'mmio'], ['lines', 1n << 1n], ['lines', 1n << 4n],
    ['reservation', ram + 1], ['retired', -1], ['pmpConfig', new Uint8Array(15)], ['pmpConfig', new Uint8Array(16).fill(2)],
    ['pmpConfig', new Uint8Array(16).fill(0x10)], ['pmpConfig', new Uint8Array(16).fill(0x60)], ['pmpAddress', new Array<bigint>(16).fill(1n << 54n)],
    ['x', new Uint8Array(255)], ['f', new Uint8Array(257)],
  ])('is refused with %s = %s', ([key, value]) => {
    const { hart } = busy()
    refused(hart, { ...hart.save(), [key]: value })
  })

  it.for<readonly [string, bigint]>([
    ['satp', 1n << 60n], ['satp', 15n << 60n], ['satp', (8n << 60n) | (1n << 44n)], ['mstatus', 0n], ['mstatus', (10n << 32n) | (2n << 11n)],
    ['mstatus', (10n << 32n) | (1n << 63n)], ['medeleg', 1n << 11n], ['mideleg', 1n], ['mie', 1n], ['mip', 1n << 7n], ['mepc', 1n], ['sepc', 3n],
    ['mtvec', 2n], ['stvec', 2n], ['mcounteren', 1n << 32n], ['scounteren', 1n << 32n], ['mcountinhibit', 1n], ['menvcfg', 2n], ['senvcfg', 2n],
  ])('is refused with the register %s = %s', ([name, value]) => {
    const { hart } = busy()
    const good = hart.save()
    refused(hart, { ...good, registers: { ...(good['registers'] as Record<string, Plain>), [name]: value } })
  })
})

describe('a device\'s answer', () => {
  /** Reads one device register; its trap handler reads another. */
  const reader = (): Made => {
    const made = make()
    place(made, base, [
      encode('auipc', { rd: 5, imm: 0x1000 }),
      csrw(0x305, 5), // mtvec
      encode('addi', { rd: 6, rs1: 0, imm: -1 }),
      csrw(0x304, 6), // mie
      encode('lui', { rd: 7, imm: device }),
      encode('csrrsi', { rd: 0, csr: 0x300, uimm: 8 }), // mstatus.MIE
      encode('lbu', { rd: 10, rs1: 7, imm: 0 }),
      encode('jal', { rd: 0, imm: 0 }),
    ])
    place(made, base + 0x1000, [encode('lbu', { rd: 11, rs1: 7, imm: 4 }), encode('jal', { rd: 0, imm: 0 })])
    return made
  }

  it('reaches the instruction that asked, even if an interrupt came with it', () => {
    const { hart } = reader()
    expect(hart.run(100)).toMatchObject({ kind: 'mmio-read', address: device })
    hart.complete(0x41n)
    hart.line('meip').set(true)
    expect(hart.run(100)).toMatchObject({ kind: 'mmio-read', address: device + 4 })
    expect(hart.register(10)).toBe(0x41n)
    hart.complete(0x42n)
    hart.run(5)
    expect([hart.register(10), hart.register(11)]).toEqual([0x41n, 0x42n])
  })

  it('is nobody\'s if the instruction that asked traps instead', () => {
    const made = reader()
    expect(made.hart.run(100)).toMatchObject({ kind: 'mmio-read', address: device })
    made.hart.complete(0x41n)
    // Somebody else has put an illegal instruction there.
    place(made, base + 24, [0])
    expect(made.hart.run(100)).toMatchObject({ kind: 'mmio-read', address: device + 4 })
  })
})
