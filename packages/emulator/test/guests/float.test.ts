import { describe, expect, test } from 'vitest'
import { GuestBoard } from '../support/guests.ts'
import type { Guests } from '../support/guests.ts'
import { tiers } from '../support/tiers.ts'

const off = 'clear mstatus, FS'
const clean = `${off}\n    li t5, 2 << 13\n    csrs mstatus, t5`
const initial = `${off}\n    li t5, 1 << 13\n    csrs mstatus, t5`
/** FS and SD, brought together in a2: 0 Off, 1 Initial, 2 Clean, 7 Dirty. */
const status = `csrr a2, mstatus
    srli a3, a2, 63
    slli a3, a3, 2
    srli a2, a2, 13
    andi a2, a2, 3
    or a2, a2, a3`

const guests: Guests = {
  'with the state off, floating point is illegal': `
    ${off}
    li a0, PAGES
    illegal flw fa0, 0(a0)
    illegal fld fa0, 8(a0)
    illegal fsw fa0, 4(a0)
    illegal fsd fa0, 8(a0)
    illegal fadd.s fa0, fa1, fa2, rtz
    illegal fadd.d fa0, fa1, fa2
    illegal fmadd.d fa0, fa1, fa2, fa3, rup
    illegal fsgnj.s fa0, fa1, fa2
    illegal feq.d a0, fa1, fa2
    illegal fclass.s a0, fa1
    illegal fmv.x.d a0, fa1
    illegal fmv.w.x fa1, a0
    illegal fcvt.w.s a0, fa0, rne
    illegal csrr a0, fflags
    illegal csrw frm, x0
    illegal csrrs a0, fcsr, x0
    .option rvc
    .balign 4
    illegal c.fld fa0, 8(a0)
    .balign 4
    illegal c.fsdsp fa0, 8(sp)
    .option norvc
    check a0, PAGES
    ${status}
    check a2, 0`,
  'reserved rounding modes are illegal': `
    set mstatus, FS
    li a0, 3
    fmv.d.x fa0, a0
    csrw fflags, x0
    csrwi frm, 5
    illegal fadd.d fa0, fa0, fa0
    csrwi frm, 7
    illegal fcvt.w.d a0, fa0
    illegal fsqrt.s fa0, fa0
    fadd.d fa0, fa0, fa0, rne
    fmv.x.d a0, fa0
    check a0, 6
    illegal .word 0x02a55553
    illegal .word 0x02a56553
    fmv.x.d a0, fa0
    check a0, 6`,
  'fcsr is made of fflags and frm': `
    set mstatus, FS
    li a0, -1
    csrw fcsr, a0
    csrr a1, fcsr
    check a1, 0xff
    csrr a1, frm
    check a1, 7
    csrr a1, fflags
    check a1, 31
    csrrwi a1, frm, 2
    check a1, 7
    csrrci a1, fflags, 4
    check a1, 31
    csrr a1, fcsr
    check a1, 0x5b`,
  'writes make the state dirty': `
    ${clean}
    ${status}
    check a2, 2
    fmv.d.x fa0, x0
    ${status}
    check a2, 7
    ${clean}
    li a0, PAGES
    flw fa0, 0(a0)
    ${status}
    check a2, 7
    ${initial}
    csrwi frm, 1
    ${status}
    check a2, 7
    ${clean}
    fadd.s fa0, fa0, fa0
    csrr a2, sstatus
    srli a2, a2, 63
    check a2, 1`,
  'reads leave the state clean': `
    li a0, PAGES
    ${clean}
    fsd fa0, 0(a0)
    fmv.x.d a1, fa0
    fclass.d a1, fa0
    csrr a1, fcsr
    ${status}
    check a2, 2
    ${initial}
    fsw fa0, 0(a0)
    ${status}
    check a2, 1`,
  'a load that faults leaves the state clean': `
    ${clean}
    li a0, 0x40000000
    traps 5, 0x40000000, flw fa0, 0(a0)
    ${status}
    check a2, 2`,
  'singles are boxed': `
    set mstatus, FS
    li a0, 0x3f800000
    fmv.w.x fa0, a0
    fmv.x.d a1, fa0
    check a1, 0xffffffff3f800000
    li a0, 0x000000003f800000
    fmv.d.x fa1, a0
    fadd.s fa2, fa1, fa0
    fmv.x.d a1, fa2
    check a1, 0xffffffff7fc00000
    fmv.x.w a1, fa1
    check a1, 0x3f800000`,
}

describe.each(tiers)('$name', (tier) => {
  const board = new GuestBoard(tier, guests)
  test.each(Object.keys(guests))('%s', async (name) => {
    const { stop, report } = await board.run(name)
    expect(stop, report).toEqual({ kind: 'poweroff', code: 0 })
  })
})
