import { describe, expect, test } from 'vitest'
import { encode } from '../../src/isa/riscv/encode.ts'
import { GuestBoard } from '../support/guests.ts'
import type { Guests } from '../support/guests.ts'
import { tiers } from '../support/tiers.ts'
import { level0, paging, window } from './paging.ts'

const set = (value: number): string => `0x${encode('addi', { rd: 12, rs1: 0, imm: value }).toString(16)}`
const ret = `0x${encode('jalr', { rd: 0, rs1: 1, imm: 0 }).toString(16)}`
const addOne = `0x${encode('addi', { rd: 12, rs1: 12, imm: 1 }).toString(16)}`

const guests: Guests = {
  'code written before is executed, with fence.i and without': `
    li a0, PAGES
    .irp fence, "fence.i", "nop"
    store_word PAGES, ${set(1)}
    store_word PAGES + 4, ${ret}
    \\fence
    jalr a0
    check a2, 1
    store_word PAGES, ${set(2)}
    \\fence
    jalr a0
    check a2, 2
    .endr`,
  'a store right in front of itself': `
    li a0, ${set(7)}
    la a3, 1f
    li a2, 0
    sw a0, 0(a3)
    1: li a2, 1
    check a2, 7
    // Of one half, which changes the length.
    la a3, 1f
    li a0, 0x4625
    li a4, 0x0001
    li a2, 0
    sh a4, 2(a3)
    sh a0, 0(a3)
    1: li a2, 1
    check a2, 9`,
  'a store onto itself is done before it counts': `
    li a4, 0
    la a3, 2f
    li a0, ${addOne}
    li a2, 5
    2: sw a0, 0(a3)
    bnez a4, 3f
    check a2, 5
    li a4, 1
    j 2b
    3: check a2, 6`,
  'a loop that changes its own body each time': `
    li a0, PAGES
    la a3, 1f
    lw a4, 0(a3)
    li a2, 0
    li t4, 0
    li a5, 1000
    li t3, 0x100000
    1: addi a2, x0, 0
    add t4, t4, a2
    add a4, a4, t3
    sw a4, 0(a3)
    addi a5, a5, -1
    bnez a5, 1b
    check t4, 499500`,
  'data on the page of the code that writes it': `
    j 1f
    .balign 8
    counter: .dword 0
    1: la a0, counter
    li a5, 3000
    2: ld a2, 0(a0)
    addi a2, a2, 3
    sd a2, 0(a0)
    addi a5, a5, -1
    bnez a5, 2b
    check a2, 9000`,
  'every kind of store reaches code': `
    set mstatus, FS
    li a0, PAGES
    .macro expects value
    jalr a0
    check a2, \\value
    .endm
    store_word PAGES + 4, ${ret}
    li a1, ${set(1)}
    sw a1, 0(a0)
    expects 1
    li a1, ${set(2)}
    amoswap.w x0, a1, (a0)
    expects 2
    li a1, ${set(3)}
    lr.w a3, (a0)
    sc.w a3, a1, (a0)
    expects 3
    li a1, ${set(4)}
    fmv.w.x fa0, a1
    fsw fa0, 0(a0)
    expects 4
    li a1, ${ret} << 32 | ${set(5)}
    sd a1, 0(a0)
    expects 5
    fmv.d.x fa0, a1
    li a1, ${ret} << 32 | ${set(6)}
    sd a1, 0(a0)
    expects 6
    fsd fa0, 0(a0)
    expects 5
    li a1, ${set(8)} >> 16
    sh a1, 2(a0)
    expects 8
    li a1, 0x12
    sb a1, 3(a0)
    expects 0x128
    // Across from the page before.
    li a1, ${set(10)} << 16
    sd a1, -2(a0)
    li a1, ${ret}
    sw a1, 4(a0)
    expects 10
    .purgem expects`,
  'code is changed through another address': `
    ${paging('sv39')}
    entry ${level0}, 3, PAGES, RWX
    entry ${level0}, 4, PAGES, RWX
    store_word PAGES, ${set(1)}
    store_word PAGES + 4, 0x73
    li a0, ${window} + 0x3000
    succeeds S, 0, jr a0
    check a2, 1
    li a0, ${window} + 0x4000
    li a1, ${set(2)}
    succeeds S, 0, sw a1, 0(a0)
    li a0, ${window} + 0x3000
    succeeds S, 0, jr a0
    check a2, 2
    store_word PAGES, ${set(3)}
    succeeds S, 0, jr a0
    check a2, 3`,
  'the second half of an instruction across two pages changes': `
    li a0, PAGES + 0xffe
    li a1, ${set(1)}
    sw a1, 0(a0)
    li a1, ${ret}
    sw a1, 4(a0)
    jalr a0
    check a2, 1
    li a1, ${set(2)} >> 16
    sh a1, 2(a0)
    jalr a0
    check a2, 2
    li a1, 0x4605 | (0x8082 << 16)
    sw a1, 0(a0)
    jalr a0
    check a2, 1`,
  'jumps into the middle of an instruction': `
    // lui a2, 0x4609 holds c.li a2, 2 in its upper half, after which both go on together.
    li a0, PAGES
    store_word PAGES, 0x46090637
    store_word PAGES + 4, ${ret}
    jalr a0
    check a2, 0x46090000
    jalr 2(a0)
    check a2, 2
    jalr a0
    check a2, 0x46090000
    jalr 3(a0)
    check a2, 2`,
  'more pages of code than are kept': `
    li a5, 0
    li a0, 0x80400000
    li t3, 1100
    1: li a1, ${set(1)}
    sw a1, 0(a0)
    li a1, ${ret}
    sw a1, 4(a0)
    jalr a0
    add a5, a5, a2
    lui a1, 1
    add a0, a0, a1
    addi t3, t3, -1
    li t5, 0x80800000
    bltu a0, t5, 2f
    li a0, 0x80400004
    2: bnez t3, 1b
    check a5, 1100`,
}

describe.each(tiers)('$name', (tier) => {
  const outside = 'code that changes from outside'
  const all: Guests = { ...guests, [outside]: 'li a2, 0\n 1: j 1b\n nop' }
  const board = new GuestBoard(tier, all)
  test.each(Object.keys(guests))('%s', async (name) => {
    const { stop, report } = await board.run(name)
    expect(stop, report).toEqual({ kind: 'poweroff', code: 0 })
  })

  test(outside, async () => {
    expect((await board.run(outside, 10_000)).stop).toEqual({ kind: 'limit' })
    const hart = board.board.harts[0]!
    const word = new Uint8Array(4)
    new DataView(word.buffer).setUint32(0, encode('addi', { rd: 0, rs1: 0, imm: 0 }), true)
    board.board.memory.write(Number(hart.pc), word)
    expect((await board.go()).stop).toEqual({ kind: 'poweroff', code: 0 })
  })
})
