import { describe, expect, test } from 'vitest'
import { GuestBoard } from '../support/guests.ts'
import type { Guests } from '../support/guests.ts'
import { tiers } from '../support/tiers.ts'

const nowhere = '0x40000000'

const guests: Guests = {
  'undefined encodings are illegal': `
    illegal .word 0
    illegal .word 0xffffffff
    illegal .word 0x0000707b
    illegal .2byte 0
    illegal .2byte 0x8000
    illegal .2byte 0x6081`,
  'control registers that do not exist, are read-only, or belong to a higher mode': `
    illegal csrr a0, 0x123
    illegal csrw mhartid, a0
    illegal csrrs a0, cycle, a1
    illegal csrr a0, pmpcfg1
    csrrs a0, mhartid, x0
    csrrci a0, time, 0
    become S
    csrr a0, sstatus
    become_m
    illegal_in S, csrr a0, mstatus
    illegal_in S, csrw mepc, a0
    illegal_in S, mret
    illegal_in U, csrr a0, sstatus
    illegal_in U, csrr a0, mscratch
    illegal_in U, mret
    illegal_in U, sret
    illegal_in U, wfi
    illegal_in U, sfence.vma`,
  'a refused access to a control register writes nothing': `
    li a2, 77
    illegal csrrs a2, cycle, a2
    check a2, 77
    write mscratch, 5
    illegal_in U, csrrw a2, mscratch, a2
    check a2, 77
    check_csr mscratch, 5`,
  breakpoints: `
    la a2, 1f
    la s1, 2f
    1: ebreak
    fail
    2: check s2, 3
    mv a3, s3
    check_address a3, 1b
    check_address s4, 1b
    la s1, 4f
    3: .2byte 0x9002
    fail
    .balign 4
    4: check s2, 3
    check_address s3, 3b
    check_address s4, 3b`,
  'environment calls say where they come from': `
    li a7, 0
    traps 11, 0, ecall
    traps_in S, 9, 0, ecall
    srli t6, s5, 11
    andi t6, t6, 3
    check t6, 1
    traps_in U, 8, 0, ecall
    srli t6, s5, 11
    andi t6, t6, 3
    check t6, 0`,
  'accesses to where nothing is': `
    li a0, ${nowhere}
    li a2, 11
    traps 5, ${nowhere}, lb a2, 0(a0)
    traps 5, ${nowhere} + 4, ld a2, 4(a0)
    traps 7, ${nowhere} + 8, sd a2, 8(a0)
    traps 7, ${nowhere} - 1, sb a2, -1(a0)
    traps 5, ${nowhere}, lr.w a2, (a0)
    traps 7, ${nowhere}, sc.w a2, a1, (a0)
    traps 7, ${nowhere}, amoadd.d a2, a1, (a0)
    traps 5, ${nowhere}, flw fa0, 0(a0)
    check a2, 11
    li a0, 0x8080000080000000
    traps 5, 0x8080000080000000, lw a2, 0(a0)
    li a0, -8
    traps 7, -8, sd a2, 0(a0)
    check a2, 11`.replace('li a2, 11', 'set mstatus, FS\n    li a2, 11'),
  'an access that begins in memory and ends behind it': `
    li a0, 0x80800000 - 4
    li a2, 11
    li a3, 0x1234
    sw a3, 0(a0)
    traps 5, 0x80800000 - 4, ld a2, 0(a0)
    traps 7, 0x80800000 - 4, sd a2, 0(a0)
    check a2, 11
    lw a4, 0(a0)
    check a4, 0x1234`,
  'fetches from where nothing is': `
    la s1, 1f
    li a0, ${nowhere}
    jalr a2, 2(a0)
    2: fail
    1: check s2, 1
    check s3, ${nowhere} + 2
    check s4, ${nowhere} + 2
    check_address a2, 2b
    la s1, 1f
    li a0, 0x80800000 - 2
    li a2, 0x13
    sh a2, 0(a0)
    jr a0
    1: check s2, 1
    check s3, 0x80800000 - 2
    check s4, 0x80800000`,
  'atomics at odd places': `
    li a0, PAGES + 4
    li a1, 9
    li a2, 11
    sd x0, -4(a0)
    sd x0, 4(a0)
    traps 4, PAGES + 4, lr.d a2, (a0)
    traps 6, PAGES + 4, sc.d a2, a1, (a0)
    traps 6, PAGES + 4, amoswap.d a2, a1, (a0)
    addi a0, a0, -2
    traps 4, PAGES + 2, lr.w a2, (a0)
    traps 6, PAGES + 2, sc.w a2, a1, (a0)
    traps 6, PAGES + 2, amomaxu.w a2, a1, (a0)
    check a2, 11
    ld a3, -2(a0)
    check a3, 0
    ld a3, 6(a0)
    check a3, 0`,
  'other accesses at odd places just work': `
    li a0, PAGES + 0x1000 - 3
    li a1, 0x8877665544332211
    sd a1, 0(a0)
    ld a2, 0(a0)
    check a2, 0x8877665544332211
    lw a2, 1(a0)
    check a2, 0x55443322
    lh a2, 2(a0)
    check a2, 0x4433
    lb a2, 7(a0)
    check a2, -0x78
    lhu a2, 6(a0)
    check a2, 0x8877
    lwu a2, 4(a0)
    check a2, 0x88776655
    sh a1, 2(a0)
    ld a2, 0(a0)
    check a2, 0x8877665522112211`,
  'a trap keeps the state before its instruction': `
    li a0, ${nowhere}
    li a1, 0x1111
    mv a2, a0
    traps 5, ${nowhere}, lw a2, 0(a2)
    check a2, ${nowhere}
    traps 7, ${nowhere}, amoadd.w a0, a0, (a0)
    check a0, ${nowhere}
    set mstatus, FS
    fmv.d.x fa0, a1
    traps 5, ${nowhere}, fld fa0, 0(a0)
    fmv.x.d a3, fa0
    check a3, 0x1111`,
  'a trap notes mode and interrupt enable, and xRET gives them back': `
    clear mstatus, 0x1888
    set mstatus, MIE
    li a7, 0
    traps 11, 0, ecall
    li t5, 0x1888
    and a2, s5, t5
    check a2, 0x1880
    csrr a2, mstatus
    and a2, a2, t5
    check a2, 0x1880
    la t5, 1f
    csrw mepc, t5
    mret
    1: csrr a2, mstatus
    li t5, 0x1888
    and a2, a2, t5
    check a2, 0x0088`,
}

describe.each(tiers)('$name', (tier) => {
  const board = new GuestBoard(tier, guests)
  test.each(Object.keys(guests))('%s', async (name) => {
    const { stop, report } = await board.run(name)
    expect(stop, report).toEqual({ kind: 'poweroff', code: 0 })
  })
})
