import { describe, expect, test } from 'vitest'
import { GuestBoard } from '../support/guests.ts'
import type { Guests } from '../support/guests.ts'
import { tiers } from '../support/tiers.ts'

const supervisorTimer = '(1 << 63) | 5'

const guests: Guests = {
  'minstret counts instructions exactly': `
    csrr a2, minstret
    nop
    nop
    csrr a3, minstret
    sub a3, a3, a2
    check a3, 3
    csrr a2, minstret
    li a4, 10
    1: addi a4, a4, -1
    bnez a4, 1b
    csrr a3, minstret
    sub a3, a3, a2
    check a3, 22
    la s1, 2f
    csrr a2, minstret
    .word 0
    fail
    2: csrr a3, minstret
    sub a3, a3, a2
    check a3, 10
    li a4, 1000
    csrw minstret, a4
    csrr a3, minstret
    check a3, 1000
    csrw mcycle, x0
    csrr a3, mcycle
    check a3, 0
    csrr a3, cycle
    sltiu a3, a3, 20
    check a3, 1`,
  'time goes on with instructions, and mtime and time agree': `
    li a3, MTIME
    rdtime a2
    li a4, 5000
    1: addi a4, a4, -1
    bnez a4, 1b
    rdtime a5
    sub a5, a5, a2
    check a5, 1000
    rdtime a2
    ld a4, 0(a3)
    sub a4, a4, a2
    sltiu a4, a4, 2
    check a4, 1`,
  'counters are closed to S and U one by one': `
    csrw mcounteren, x0
    csrw scounteren, x0
    illegal_in S, rdcycle a0
    illegal_in S, rdtime a0
    illegal_in S, rdinstret a0
    illegal_in S, csrr a0, hpmcounter3
    illegal_in U, rdtime a0
    write mcounteren, 2
    become S
    rdtime a0
    become_m
    illegal_in S, rdcycle a0
    illegal_in U, rdtime a0
    write scounteren, -1
    become U
    rdtime a0
    become_m
    illegal_in U, rdcycle a0
    write mcounteren, -1
    become U
    rdcycle a0
    rdinstret a0
    csrr a0, hpmcounter31
    check a0, 0
    become_m
    csrw scounteren, x0
    illegal_in U, rdinstret a0
    become S
    rdinstret a0`,
  'counters of events exist and count nothing': `
    li a0, -1
    csrw mhpmcounter3, a0
    csrw mhpmevent31, a0
    csrw mcountinhibit, a0
    check_csr mhpmcounter3, 0
    check_csr mhpmevent31, 0
    check_csr mcountinhibit, 0
    illegal csrw hpmcounter3, a0
    illegal csrw time, a0`,
  'stimecmp belongs to S only if menvcfg and mcounteren give it': `
    csrw menvcfg, x0
    write mcounteren, -1
    csrw stimecmp, x0
    check_csr mip, 0
    illegal_in S, csrr a0, stimecmp
    write menvcfg, 1 << 63
    check_csr mip, 0x20
    become S
    csrr a0, stimecmp
    become_m
    write mcounteren, -3
    illegal_in S, csrw stimecmp, a0
    write mcounteren, -1
    illegal_in U, csrr a0, stimecmp`,
  'the timer of S follows stimecmp': `
    write menvcfg, 1 << 63
    write mcounteren, -1
    write mideleg, 0x222
    write mie, 0x20
    write stimecmp, -1
    check_csr mip, 0
    // Software cannot touch a bit that the timer drives.
    set mip, 0x20
    check_csr mip, 0
    become S
    set sstatus, SIE
    la s1, 1f
    rdtime a2
    addi a2, a2, 300
    csrw stimecmp, a2
    2: j 2b
    1: check s2, ${supervisorTimer}
    check s6, S
    check_address s3, 2b
    rdtime a3
    sub a3, a3, a2
    sltiu a3, a3, 10
    check a3, 1
    check_csr sip, 0x20
    write stimecmp, -1
    check_csr sip, 0
    rdtime a2
    addi a2, a2, 300
    csrw stimecmp, a2
    wfi
    rdtime a3
    sltu a3, a3, a2
    check a3, 0
    check_csr sip, 0x20`,
  'the timer of M fires at its tick': `
    write mie, 0x80
    set mstatus, MIE
    la s1, 1f
    li a3, MTIME
    ld a2, 0(a3)
    addi a2, a2, 200
    li a4, MTIMECMP
    sd a2, 0(a4)
    2: j 2b
    1: check s2, (1 << 63) | 7
    ld a3, 0(a3)
    sub a3, a3, a2
    sltiu a3, a3, 4
    check a3, 1`,
}

describe.each(tiers)('$name', (tier) => {
  const board = new GuestBoard(tier, guests)
  test.each(Object.keys(guests))('%s', async (name) => {
    const { stop, report } = await board.run(name)
    expect(stop, report).toEqual({ kind: 'poweroff', code: 0 })
  })
})
