import { describe, expect, test } from 'vitest'
import { GuestBoard } from '../support/guests.ts'
import type { Guests } from '../support/guests.ts'
import { tiers } from '../support/tiers.ts'
import { callAt, level0, paging, root, window } from './paging.ts'

// Entry 0 is what a test makes of it, entry 15 gives S and U all the rest.
const closed = `csrw pmpcfg0, x0
    write pmpaddr15, -1
    write pmpcfg2, 0x1f << 56`
const tor = (top: string, flags: string): string => `write pmpaddr1, (${top}) >> 2\n    write pmpcfg0, (0x08 | ${flags}) << 8`
const napot = (base: string, size: string, flags: string): string => `write pmpaddr0, ((${base}) >> 2) | ((${size}) / 8 - 1)\n    write pmpcfg0, 0x18 | ${flags}`
const read = 1
const write = 2
const execute = 4
const locked = 0x80

/** Every kind of access to an address, permitted or not. */
const accesses = (address: string, flags: number): string => `
    li a0, ${address}
    ${(flags & read) !== 0 ? 'succeeds S, 0, lw a2, 0(a0)' : `fails 5, ${address}, S, 0, lw a2, 0(a0)`}
    ${(flags & write) !== 0 ? 'succeeds S, 0, sw x0, 16(a0)' : `fails 7, ${address} + 16, S, 0, sw x0, 16(a0)`}
    ${(flags & write) !== 0 ? 'succeeds U, 0, amoswap.w x0, x0, (a0)' : `fails 7, ${address}, U, 0, amoswap.w x0, x0, (a0)`}
    ${callAt(address)}
    ${(flags & execute) !== 0 ? 'succeeds U, 0, jr a0' : `fails 1, ${address}, U, 0, jr a0`}`

const all = read | write | execute

const guests: Guests = {
  'without an entry S and U reach nothing, M everything': `
    csrw pmpcfg0, x0
    li a0, PAGES
    lw a2, 0(a0)
    la a3, 1f
    attempt S, 0, 1: nop
    check s2, 1
    attempt U, 0, nop
    check s2, 1
    mv a4, s4
    mv a5, s3
    sub a4, a4, a5
    check a4, 0`,
  'a naturally aligned region of a power of two': `
    ${closed}
    ${[0, read, read | write, execute, read | execute, all].map((flags) => `
      ${napot('PAGES', '0x2000', String(flags))}
      ${accesses('PAGES', flags)}
      ${accesses('PAGES + 0x1fe0', flags)}
      ${accesses('PAGES - 0x20', all)}
      ${accesses('PAGES + 0x2000', all)}`).join('\n')}`,
  'from one address to another': `
    ${closed}
    write pmpaddr0, PAGES >> 2
    ${tor('PAGES + 0x3000', String(read))}
    ${accesses('PAGES', read)}
    ${accesses('PAGES + 0x2fe0', read)}
    ${accesses('PAGES - 0x20', all)}
    ${accesses('PAGES + 0x3000', all)}
    // From 0.
    csrw pmpcfg0, x0
    write pmpaddr0, 0x1000 >> 2
    write pmpcfg0, 0x08
    li a0, 0x100000
    succeeds S, 0, lw a2, 0(a0)
    // An empty range matches nothing.
    write pmpaddr0, (PAGES + 0x3000) >> 2
    ${tor('PAGES + 0x1000', '0')}
    ${accesses('PAGES + 0x2000', all)}`,
  'the first entry that matches decides': `
    ${closed}
    write pmpaddr0, (PAGES >> 2) | (0x1000 / 8 - 1)
    write pmpaddr1, (PAGES >> 2) | (0x2000 / 8 - 1)
    write pmpcfg0, (0x19 << 8) | 0x1b
    ${accesses('PAGES', read | write)}
    ${accesses('PAGES + 0x1000', read)}
    write pmpcfg0, 0x19 << 8
    ${accesses('PAGES', read)}`,
  'M is bound by locked entries only, which stay': `
    ${closed}
    li a0, PAGES
    ${napot('PAGES', '0x1000', '0')}
    lw a2, 0(a0)
    sw x0, 0(a0)
    ${napot('PAGES', '0x1000', String(read | locked))}
    lw a2, 0(a0)
    traps 7, PAGES, sw x0, 0(a0)
    la s1, 1f
    jr a0
    1: check s2, 1
    check s4, PAGES
    csrr a3, pmpaddr0
    csrw pmpcfg0, x0
    csrw pmpaddr0, x0
    check_csr pmpcfg0, 0x99
    csrr a2, pmpaddr0
    sub a2, a2, a3
    check a2, 0
    traps 7, PAGES, sw x0, 0(a0)
    // The address below a locked range is part of it.
    write pmpaddr2, PAGES >> 2
    write pmpaddr3, (PAGES + 0x2000) >> 2
    write pmpcfg0, 0x89 << 24
    csrw pmpaddr2, x0
    check_csr pmpaddr2, PAGES >> 2
    csrw pmpaddr1, x0
    check_csr pmpaddr1, 0
    li a0, PAGES + 0x1000
    traps 7, PAGES + 0x1000, sw x0, 0(a0)`,
  'the grain is a page': `
    csrw pmpcfg0, x0
    write pmpaddr0, -1
    check_csr pmpaddr0, 0x3ffffffffffc00
    write pmpcfg0, 0x18
    check_csr pmpaddr0, 0x3fffffffffffff
    csrw pmpaddr0, x0
    check_csr pmpaddr0, 0x1ff
    // Regions of 4 bytes cannot be chosen, nor writing without reading.
    write pmpcfg0, 0x17
    csrr a2, pmpcfg0
    andi a2, a2, 0x18
    addi a2, a2, -0x10
    snez a2, a2
    check a2, 1
    csrw pmpcfg0, x0
    write pmpcfg0, 0x02
    csrr a2, pmpcfg0
    andi a2, a2, 3
    addi a2, a2, -2
    snez a2, a2
    check a2, 1`,
  'page tables are read and marked as S would': `
    ${paging('sv39')}
    entry ${level0}, 3, PAGES, PV | PR | PW
    ${closed}
    li a0, ${window} + 0x3000
    ${napot('TABLES + 0x2000', '0x1000', '0')}
    fails 5, ${window} + 0x3000, S, 0, lw a2, 0(a0)
    fails 7, ${window} + 0x3000, S, 0, sw a2, 0(a0)
    fails 1, ${window} + 0x3000, S, 0, jr a0
    ${napot('TABLES + 0x2000', '0x1000', String(read))}
    fails 5, ${window} + 0x3000, S, 0, lw a2, 0(a0)
    ${napot('TABLES + 0x2000', '0x1000', String(read | write))}
    succeeds S, 0, lw a2, 0(a0)
    // What the leaf leads to is checked as well.
    ${napot('PAGES', '0x1000', String(read))}
    succeeds S, 0, lw a2, 0(a0)
    fails 7, ${window} + 0x3000, S, 0, sw a2, 0(a0)
    // Of a large leaf, only the pages that are closed.
    entry ${root}, 6, 0x80000000, RWX
    li a0, 6 * 0x40000000 + 0x300000
    succeeds S, 0, lw a2, 0(a0)
    fails 7, 6 * 0x40000000 + 0x300000, S, 0, sw a2, 0(a0)
    li a0, 6 * 0x40000000 + 0x301000
    succeeds S, 0, sw a2, 0(a0)`,
  'an access across into a closed page': `
    ${closed}
    ${napot('PAGES + 0x1000', '0x1000', '0')}
    store_double PAGES + 0xff8, 5
    li a0, PAGES + 0xffc
    attempt S, 0, ld a2, 0(a0)
    check s2, 5
    li a2, -1
    attempt S, 0, sd a2, 0(a0)
    check s2, 7
    li a3, PAGES + 0xff8
    ld a2, 0(a3)
    check a2, 5`,
  'an entry that is opened or closed counts at once': `
    ${closed}
    li a0, PAGES
    succeeds S, 0, lw a2, 0(a0)
    ${napot('PAGES', '0x1000', '0')}
    fails 5, PAGES, S, 0, lw a2, 0(a0)
    csrw pmpcfg0, x0
    succeeds S, 0, lw a2, 0(a0)
    // As MPRV makes M see it, too.
    ${napot('PAGES', '0x1000', '0')}
    clear mstatus, 0x1800
    set mstatus, MPRV | (S << 11)
    traps 5, PAGES, lw a2, 0(a0)`,
}

describe.each(tiers)('$name', (tier) => {
  const board = new GuestBoard(tier, guests)
  test.each(Object.keys(guests))('%s', async (name) => {
    const { stop, report } = await board.run(name)
    expect(stop, report).toEqual({ kind: 'poweroff', code: 0 })
  })
})
