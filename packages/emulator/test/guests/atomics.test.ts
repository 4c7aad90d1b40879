import { describe, expect, test } from 'vitest'
import { GuestBoard } from '../support/guests.ts'
import type { Guests } from '../support/guests.ts'
import { tiers } from '../support/tiers.ts'

const guests: Guests = {
  'a store conditional needs a reservation, and ends it': `
    li a0, PAGES
    li a1, 7
    sd x0, 0(a0)
    sc.w a2, a1, (a0)
    check a2, 1
    ld a3, 0(a0)
    check a3, 0
    lr.w a3, (a0)
    sc.w a2, a1, (a0)
    check a2, 0
    ld a3, 0(a0)
    check a3, 7
    li a1, 8
    sc.w a2, a1, (a0)
    check a2, 1
    ld a3, 0(a0)
    check a3, 7`,
  'a reservation is of its place': `
    li a0, PAGES
    li a4, PAGES + 0x1000
    li a1, 9
    sd x0, 0(a0)
    sd x0, 0(a4)
    lr.d a3, (a0)
    sc.d a2, a1, (a4)
    check a2, 1
    ld a3, 0(a4)
    check a3, 0
    // It is gone even so.
    sc.d a2, a1, (a0)
    check a2, 1
    lr.d a3, (a4)
    lr.d a3, (a0)
    sc.d a2, a1, (a4)
    check a2, 1`,
  'a loop of reservations counts': `
    li a0, PAGES
    sd x0, 0(a0)
    li a5, 500
    1: lr.d.aq a3, (a0)
    addi a3, a3, 2
    sc.d.rl a2, a3, (a0)
    bnez a2, 1b
    addi a5, a5, -1
    bnez a5, 1b
    ld a3, 0(a0)
    check a3, 1000`,
  'words are sign-extended, their neighbours kept': `
    li a0, PAGES
    li a1, 0x11223344ffffffff
    sd a1, 0(a0)
    lr.w a2, (a0)
    check a2, -1
    li a3, 1
    amoadd.w a2, a3, (a0)
    check a2, -1
    ld a2, 0(a0)
    check a2, 0x1122334400000000
    li a3, 0xaaaaaaaa80000000
    amomin.w a2, a3, (a0)
    ld a2, 0(a0)
    check a2, 0x1122334480000000
    amomaxu.w.aqrl a2, x0, (a0)
    check a2, -0x80000000
    amoswap.d a2, x0, (a0)
    check a2, 0x1122334480000000
    amoor.d x0, a0, (a0)
    ld a2, 0(a0)
    check a2, PAGES`,
  'the same register thrice': `
    li a0, PAGES
    sd a0, 0(a0)
    amoadd.d a0, a0, (a0)
    check a0, PAGES
    ld a1, 0(a0)
    check a1, PAGES * 2
    lr.d a0, (a0)
    check a0, PAGES * 2`,
}

describe.each(tiers)('$name', (tier) => {
  const board = new GuestBoard(tier, guests)
  test.each(Object.keys(guests))('%s', async (name) => {
    const { stop, report } = await board.run(name)
    expect(stop, report).toEqual({ kind: 'poweroff', code: 0 })
  })
})
