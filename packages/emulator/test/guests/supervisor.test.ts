import { describe, expect, test } from 'vitest'
import { GuestBoard } from '../support/guests.ts'
import type { Guests } from '../support/guests.ts'
import { tiers } from '../support/tiers.ts'
import { alias, callAt, level0, level1, paging, root, schemeOf, window } from './paging.ts'

const page = `${window} + 0x3000`
const two = 'store_double PAGES, 111\n    store_double PAGES + 0x1000, 222\n    store_double 0x80400000, 333\n    store_double 0x80600000, 444'

const guests: Guests = {
  'a fence makes changed entries count: all, or those of an address': `
    ${paging('sv39')}
    ${two}
    li a0, ${page}
    entry ${level0}, 3, PAGES, RWX
    succeeds S, 0, ld a2, 0(a0)
    check a2, 111
    entry ${level0}, 3, PAGES + 0x1000, RWX
    sfence.vma
    succeeds S, 0, ld a2, 0(a0)
    check a2, 222
    entry ${level0}, 3, PAGES, RWX
    addi a3, a0, 0x7f0
    sfence.vma a3
    succeeds S, 0, ld a2, 0(a0)
    check a2, 111
    entry ${level0}, 3, PAGES + 0x1000, RWX
    sfence.vma a3, a3
    succeeds S, 0, ld a2, 0(a0)
    check a2, 222
    entry ${level0}, 3, PAGES + 0x1000, RWX & ~PW
    sfence.vma x0, a3
    fails 15, ${page}, S, 0, sd a2, 0(a0)
    entry ${level0}, 3, PAGES + 0x1000, 0
    sfence.vma a0
    fails 13, ${page}, S, 0, ld a2, 0(a0)`,
  'a fence of any address of a large leaf fences all of it': `
    ${paging('sv39')}
    ${two}
    .macro moves
    li a0, ${window} + 5 * 0x200000
    succeeds S, 0, ld a2, 0(a0)
    .endm
    entry ${level1}, 5, 0x80400000, RWX
    moves
    check a2, 333
    entry ${level1}, 5, 0x80600000, RWX
    li a3, ${window} + 5 * 0x200000 + 0x123000
    sfence.vma a3
    moves
    check a2, 444
    entry ${root}, 6, 0x80000000, RWX
    li a0, 6 * 0x40000000 + 0x400000
    succeeds S, 0, ld a2, 0(a0)
    check a2, 333
    entry ${root}, 6, 0, 0
    li a3, 6 * 0x40000000 + 0x3ffff000
    sfence.vma a3
    fails 13, 6 * 0x40000000 + 0x400000, S, 0, ld a2, 0(a0)
    // The whole gigabyte becomes a table of its own.
    entry ${root}, 6, ${level1}, PV
    sfence.vma a3
    li a0, 6 * 0x40000000 + 5 * 0x200000
    succeeds S, 0, ld a2, 0(a0)
    check a2, 444`,
  'a fence reaches code, in every mode': `
    ${paging('sv39')}
    store_word PAGES, 0x00100613
    store_word PAGES + 4, 0x73
    store_word PAGES + 0x1000, 0x00200613
    store_word PAGES + 0x1004, 0x73
    li a0, ${page}
    entry ${level0}, 3, PAGES, RWX
    succeeds S, 0, jr a0
    check a2, 1
    entry ${level0}, 3, PAGES + 0x1000, RWX
    sfence.vma a0
    succeeds S, 0, jr a0
    check a2, 2
    entry ${level0}, 3, PAGES, RWX | PU
    sfence.vma
    succeeds U, ${alias}, jr a0
    check a2, 1
    fails 12, ${page}, S, 0, jr a0`,
  'TVM, TSR': `
    ${paging('sv39')}
    set mstatus, TVM
    illegal_in S, csrr a0, satp
    illegal_in S, csrw satp, x0
    illegal_in S, sfence.vma
    illegal_in S, sfence.vma a0, a1
    csrr a0, satp
    sfence.vma
    clear mstatus, TVM
    succeeds S, 0, csrr a2, satp
    check a2, ${schemeOf.sv39.satp}
    succeeds S, 0, sfence.vma
    set mstatus, TSR
    illegal_in S, sret
    la a0, 1f
    csrw sepc, a0
    set mstatus, 0x100
    la s1, 2f
    sret
    1: li a7, 0
    ecall
    fail
    2: check s2, 9`,
  'satp takes only schemes that exist': `
    write satp, ${schemeOf.sv48.satp}
    csrr a1, satp
    .irp mode, 1, 2, 7, 11, 12, 15
    write satp, (\\mode << 60) | 5
    csrr a2, satp
    sub a2, a2, a1
    check a2, 0
    .endr
    // No address space identifiers.
    write satp, (8 << 60) | (0xffff << 44) | 7
    check_csr satp, (8 << 60) | 7
    csrw satp, x0
    check_csr satp, 0`,
  'switching tables through satp': `
    ${paging('sv39')}
    ${two}
    entry ${level0}, 3, PAGES, RWX
    entry TABLES + 0x10000, 2, 0x80000000, RWX
    entry TABLES + 0x10000, 4, 0x80000000, RWX
    li a0, ${page}
    succeeds S, 0, ld a2, 0(a0)
    check a2, 111
    write satp, (8 << 60) | ((TABLES + 0x10000) >> 12)
    sfence.vma
    store_double 0x80003000, 0x5a5a
    succeeds S, 0, ld a2, 0(a0)
    check a2, 0x5a5a
    csrw satp, x0
    li a0, PAGES
    succeeds S, 0, ld a2, 0(a0)
    check a2, 111
    li a0, ${page}
    fails 5, ${page}, S, 0, ld a2, 0(a0)`,
  'MPRV: data of M as MPP would see it': `
    ${paging('sv39')}
    ${two}
    entry ${level0}, 3, PAGES, RWX
    entry ${level0}, 4, PAGES + 0x1000, RWX | PU
    li a0, ${page}
    li a3, ${page} + 0x1000
    traps 5, ${page}, ld a2, 0(a0)
    .macro as mode, status
    clear mstatus, 0x1800 | SUM | MXR | MPRV
    set mstatus, (\\mode << 11) | MPRV | \\status
    .endm
    as S, 0
    ld a2, 0(a0)
    check a2, 111
    traps 13, ${page} + 0x1000, ld a2, 0(a3)
    as S, SUM
    ld a2, 0(a3)
    check a2, 222
    as U, 0
    ld a2, 0(a3)
    check a2, 222
    traps 13, ${page}, ld a2, 0(a0)
    // The trap has put M into MPP: with it, MPRV changes nothing.
    traps 5, ${page} + 0x1000, ld a2, 0(a3)
    as U, 0
    amoadd.d a2, a2, (a3)
    check a2, 222
    traps 15, ${page} + 0x100, sd x0, 0x100(a0)
    entry ${level0}, 3, PAGES, PV | PX | PA
    sfence.vma
    as S, 0
    traps 13, ${page}, ld a2, 0(a0)
    as S, MXR
    ld a2, 0(a0)
    check a2, 111
    // Leaving M ends it; going to M does not.
    clear mstatus, 0x1800
    set mstatus, 0x1800
    la a4, 1f
    csrw mepc, a4
    mret
    1: csrr a2, mstatus
    srli a2, a2, 17
    andi a2, a2, 1
    check a2, 1
    succeeds S, 0, nop
    csrr a2, mstatus
    srli a2, a2, 17
    andi a2, a2, 1
    check a2, 0
    .purgem as`,
  'page faults go to S if delegated, with the address': `
    ${paging('sv39')}
    write medeleg, 0xb000
    become S
    li a0, ${page}
    traps 13, ${page} + 8, ld a2, 8(a0)
    check s6, S
    traps 15, ${page}, sd a2, 0(a0)
    check s6, S
    la s1, 1f
    jr a0
    1: check s2, 12
    check s6, S
    check s3, ${page}
    check s4, ${page}
    li a0, 0x80800000
    li a7, 0
    traps 5, 0x80800000, ld a2, 0(a0)
    check s6, M`,
  'mstatus keeps to what is legal': `
    li a0, -1
    csrw mstatus, a0
    csrr a2, mstatus
    srli a3, a2, 11
    andi a3, a3, 3
    check a3, 3
    srli a3, a2, 32
    andi a3, a3, 15
    check a3, 10
    li t5, 0x1800
    csrc mstatus, t5
    li t5, 0x800
    csrs mstatus, t5
    li t5, 0x1800
    csrrc a2, mstatus, t5
    li t5, 0x1000
    csrs mstatus, t5
    csrr a2, mstatus
    srli a2, a2, 11
    andi a2, a2, 3
    addi a2, a2, -2
    snez a2, a2
    check a2, 1
    li a0, -1
    csrw mepc, a0
    check_csr mepc, -2
    csrw sepc, a0
    check_csr sepc, -2
    csrr a2, misa
    li a3, 0x800000000014112d
    sub a2, a2, a3
    check a2, 0
    ${callAt('PAGES')}`,
}

describe.each(tiers)('$name', (tier) => {
  const board = new GuestBoard(tier, guests)
  test.each(Object.keys(guests))('%s', async (name) => {
    const { stop, report } = await board.run(name)
    expect(stop, report).toEqual({ kind: 'poweroff', code: 0 })
  })
})
