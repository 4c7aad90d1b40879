import { describe, expect, test } from 'vitest'
import { Random } from '../isa/random.ts'
import { GuestBoard } from '../support/guests.ts'
import type { Guests } from '../support/guests.ts'
import { tiers } from '../support/tiers.ts'

const seed = Number(process.env['STRATA_SEED'] ?? Date.now() % 2 ** 31)
const name = 'random accesses to every device'
const accesses = ['lb', 'lhu', 'lw', 'ld', 'sb', 'sh', 'sw', 'sd']

/**
 * Takes a random number in s8 and the number of devices in s9, whose bases and sizes (powers of two) are at PAGES; counts
 * its accesses at PAGES + 0x800 and those that trapped behind that. Whatever interrupts is turned off until the next access.
 */
const guests: Guests = {
  [name]: `
    la t5, 8f
    csrw mtvec, t5
    li s10, PAGES
    li s9, 0
    ld s8, 0x7f8(s10)
    ld s9, 0x7f0(s10)
    .macro random to
    slli t5, s8, 13
    xor s8, s8, t5
    srli t5, s8, 7
    xor s8, s8, t5
    slli t5, s8, 17
    xor s8, s8, t5
    li t5, 0x9e3779b97f4a7c15
    mul \\to, s8, t5
    srli \\to, \\to, 8
    .endm
    1: li t5, 0xaaa
    csrw mie, t5
    set mstatus, MIE
    // A device, and an address in it: mostly among its first registers, at times anywhere or a little before it.
    random a0
    remu a0, a0, s9
    slli a0, a0, 4
    add a0, a0, s10
    ld a1, 0(a0)
    ld a2, 8(a0)
    random a3
    random a4
    andi t5, a4, 3
    addi a2, a2, -1
    beqz t5, 2f
    andi a2, a2, 0xff
    andi t5, a4, 4
    beqz t5, 2f
    addi a1, a1, -8
    2: and a3, a3, a2
    add a1, a1, a3
    andi t5, a4, 24
    beqz t5, 3f
    andi a1, a1, -4
    3: random a5
    andi t5, a4, 32
    beqz t5, 4f
    andi a5, a5, 0xff
    4: ld t5, 0x700(s10)
    addi t5, t5, 1
    sd t5, 0x700(s10)
    random a0
    andi a0, a0, 7
    slli a0, a0, 3
    la t5, 5f
    add t5, t5, a0
    jr t5
    5:
    ${accesses.map((access) => `${access} a5, 0(a1)\n    j 1b`).join('\n    ')}
    .balign 4
    8: csrr t6, mcause
    bltz t6, 9f
    csrr t6, mepc
    addi t6, t6, 4
    csrw mepc, t6
    ld t6, 0x708(s10)
    addi t6, t6, 1
    sd t6, 0x708(s10)
    mret
    9: csrw mie, x0
    ld t6, 0x710(s10)
    addi t6, t6, 1
    sd t6, 0x710(s10)
    mret`,
}
const pages = 0x8030_0000

describe.each(tiers)('$name', (tier) => {
  test(`${name}: no exception of the host, no hang (STRATA_SEED=${seed})`, async () => {
    const guest = new GuestBoard(tier, guests)
    const { board } = guest
    guest.begin(name)
    const random = new Random(seed)
    const words: [number, bigint][] = [[0x7f8, BigInt.asUintN(64, random.bits64()) | 1n], [0x7f0, BigInt(board.bus.ranges.length)]]
    for (const offset of [0x700, 0x708, 0x710]) words.push([offset, 0n])
    for (const [index, { base, size }] of board.bus.ranges.entries()) {
      words.push([16 * index, BigInt(base)], [16 * index + 8, BigInt(2 ** Math.ceil(Math.log2(size)))])
    }
    const bytes = new Uint8Array(8)
    const poke = (address: number, value: bigint): void => {
      new DataView(bytes.buffer).setBigUint64(0, value, true)
      board.memory.write(address, bytes)
    }
    const peek = (address: number): number => Number(new DataView(board.memory.read(address, 8).slice().buffer).getBigUint64(0, true))
    for (const [offset, value] of words) poke(pages + offset, value)

    const touched = new Set<number>()
    for (const { base, device } of board.bus.ranges) {
      const read = device.read.bind(device)
      const write = device.write.bind(device)
      device.read = (offset, width) => {
        touched.add(base)
        return read(offset, width)
      }
      device.write = (offset, width, value) => {
        touched.add(base)
        write(offset, width, value)
      }
    }
    const stops = new Set<string>()
    for (let round = 0; round < 20; round++) {
      // The finisher may well be hit; the guest goes on, as after a save and restore.
      const { stop } = await guest.go(200_000)
      stops.add(stop.kind)
      if (round % 5 === 4) board.restore(board.save())
    }
    expect(peek(pages + 0x700), 'accesses').toBeGreaterThan(20_000)
    expect(peek(pages + 0x708), 'access faults').toBeGreaterThan(100)
    expect(peek(pages + 0x710), 'interrupts').toBeGreaterThan(10)
    expect(touched.size).toBe(board.bus.ranges.length)
    expect(stops).toContain('limit')
    expect([...stops].filter((kind) => !['limit', 'poweroff', 'reset', 'fail'].includes(kind))).toEqual([])
  })
})
