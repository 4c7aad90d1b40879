import { describe, expect, test } from 'vitest'
import { GuestBoard } from '../support/guests.ts'
import type { Guests } from '../support/guests.ts'
import { tiers } from '../support/tiers.ts'
import { alias, callAt, level0, level1, paging, root, schemeOf, schemes, window } from './paging.ts'
import type { Scheme } from './paging.ts'

/** The page number 3 of the window, which tests map as they like. */
const page = `${window} + 0x3000`
const nowhere = '0x40000000'

const guestsOf = (scheme: Scheme): Guests => ({
  'pages, and leaves of 2 MiB and 1 GiB': `
    ${paging(scheme)}
    store_double PAGES + 8, 111
    store_double PAGES + 0x1008, 222
    entry ${level0}, 3, PAGES, RWX
    entry ${level0}, 511, PAGES + 0x1000, RWX
    entry ${level1}, 5, 0x80200000, RWX
    entry ${root}, 6, 0x80000000, RWX
    li a0, ${page}
    succeeds S, 0, ld a2, 8(a0)
    check a2, 111
    li a0, ${window} + 0x1ff000
    succeeds S, 0, ld a2, 8(a0)
    check a2, 222
    li a0, ${window} + 5 * 0x200000 + 0x100000
    succeeds S, 0, ld a2, 8(a0)
    check a2, 111
    li a0, 6 * 0x40000000 + 0x301000
    succeeds S, 0, ld a2, 8(a0)
    check a2, 222
    succeeds S, 0, sd x0, 8(a0)
    li a0, PAGES + 0x1000
    ld a2, 8(a0)
    check a2, 0`,
  'a large leaf that does not begin at a multiple of its size': `
    ${paging(scheme)}
    entry ${level1}, 5, 0x80201000, RWX
    entry ${root}, 6, 0x80200000, RWX
    li a0, ${window} + 5 * 0x200000
    fails 13, ${window} + 5 * 0x200000, S, 0, ld a2, 0(a0)
    fails 15, ${window} + 5 * 0x200000 + 8, S, 0, sd a2, 8(a0)
    fails 12, ${window} + 5 * 0x200000, S, 0, jr a0
    li a0, 6 * 0x40000000
    fails 13, 6 * 0x40000000, S, 0, ld a2, 0(a0)`,
  'entries that are invalid or reserved': `
    ${paging(scheme)}
    li a0, ${page}
    ${['RWX & ~PV', 'RWX | (1 << 54)', 'RWX | (1 << 60)', 'RWX | (1 << 61)', 'RWX | (1 << 63)', 'PV', 'PV | PA | PD'].map((flags) => `
      entry ${level0}, 3, PAGES, ${flags}
      sfence.vma
      fails 13, ${page}, S, 0, lw a2, 0(a0)`).join('\n')}
    entry ${level0}, 3, PAGES, RWX | (3 << 8) | (1 << 5)
    sfence.vma
    succeeds S, 0, lw a2, 0(a0)
    ${['PA', 'PD', 'PU'].map((flags) => `
      entry ${level1}, 0, ${level0}, PV | ${flags}
      sfence.vma
      fails 15, ${page}, S, 0, sw a2, 0(a0)`).join('\n')}`,
  'addresses that are no sign extension': `
    ${paging(scheme)}
    entry ${level0}, 3, PAGES, RWX
    ${[`(1 << ${schemeOf[scheme].bits - 1})`, `(1 << ${schemeOf[scheme].bits})`, '(1 << 63)'].map((bit) => `
      li a0, ${page} + ${bit}
      fails 13, ${page} + ${bit}, S, 0, lw a2, 0(a0)
      fails 15, ${page} + ${bit}, S, 0, sw a2, 0(a0)
      fails 12, ${page} + ${bit}, S, 0, jr a0
      fails 15, ${page} + ${bit}, S, 0, amoadd.w a2, a2, (a0)
      fails 13, ${page} + ${bit}, S, 0, lr.w a2, (a0)`).join('\n')}
    li a0, -4096
    fails 13, -4096, S, 0, lw a2, 0(a0)`,
  'marks of access and change': `
    ${paging(scheme)}
    ${callAt('PAGES')}
    .macro flags_are value
    li t5, ${level0} + 8 * 3
    ld t6, 0(t5)
    andi t5, t6, 0x3ff
    check t5, \\value
    .endm
    li a0, ${page}
    .irp instruction, "lw a2, 0(a0)", "jr a0", "lr.w a2, (a0)"
    entry ${level0}, 3, PAGES, PV | PR | PW | PX
    sfence.vma
    succeeds S, 0, \\instruction
    flags_are PV | PR | PW | PX | PA
    .endr
    .irp instruction, "sb x0, 64(a0)", "amoadd.w x0, x0, (a0)"
    entry ${level0}, 3, PAGES, PV | PR | PW | PX
    sfence.vma
    succeeds S, 0, \\instruction
    flags_are RWX
    .endr
    // First read, then written: the second access marks as well.
    entry ${level0}, 3, PAGES, PV | PR | PW
    sfence.vma
    succeeds S, 0, lw a2, 0(a0)
    succeeds S, 0, sw a2, 0(a0)
    flags_are PV | PR | PW | PA | PD
    // What is refused leaves no mark.
    entry ${level0}, 3, PAGES, PV | PR
    sfence.vma
    fails 15, ${page}, S, 0, sw a2, 0(a0)
    flags_are PV | PR
    fails 12, ${page}, S, 0, jr a0
    flags_are PV | PR
    .purgem flags_are`,
  'tables and leaves where no memory is': `
    ${paging(scheme)}
    entry ${level0}, 3, ${nowhere}, RWX
    entry ${level1}, 1, ${nowhere}, PV
    entry ${level0}, 4, 0x80800000, RWX
    li a0, ${page}
    fails 5, ${page}, S, 0, lw a2, 0(a0)
    fails 7, ${page}, S, 0, sw a2, 0(a0)
    fails 1, ${page}, S, 0, jr a0
    fails 7, ${page}, S, 0, amoor.d a2, a2, (a0)
    li a0, ${window} + 0x200000
    fails 5, ${window} + 0x200000, S, 0, lw a2, 0(a0)
    fails 7, ${window} + 0x200000, S, 0, sw a2, 0(a0)
    fails 1, ${window} + 0x200000, S, 0, jr a0
    li a0, ${window} + 0x4000
    fails 5, ${window} + 0x4000, S, 0, ld a2, 0(a0)`,
  'accesses across two pages': `
    ${paging(scheme)}
    entry ${level0}, 3, PAGES + 0x2000, RWX
    entry ${level0}, 4, PAGES, RWX
    store_double PAGES + 0x2ff8, 0x8877665544332211
    store_double PAGES, 0x00ffeeddccbbaa99
    li a0, ${page} + 0xffd
    succeeds S, 0, ld a2, 0(a0)
    check a2, 0xddccbbaa99887766
    succeeds S, 0, lw a2, 0(a0)
    check a2, 0xffffffff99887766
    li a2, 0x0102030405060708
    succeeds S, 0, sd a2, 0(a0)
    li a3, PAGES
    ld a2, 0(a3)
    check a2, 0x00ffee0102030405
    li a3, PAGES + 0x2ff8
    ld a2, 0(a3)
    check a2, 0x0607085544332211
    entry ${level0}, 4, PAGES, RWX & ~PV
    sfence.vma
    li a2, 7
    fails 13, ${page} + 0x1000, S, 0, ld a2, 0(a0)
    fails 15, ${page} + 0x1000, S, 0, sd a2, 0(a0)
    check a2, 7
    ld a2, 0(a3)
    check a2, 0x0607085544332211
    entry ${level0}, 4, PAGES, PV | PR | PA
    sfence.vma
    fails 15, ${page} + 0x1000, S, 0, sd a2, 0(a0)
    ld a2, 0(a3)
    check a2, 0x0607085544332211
    entry ${level0}, 3, PAGES + 0x2000, PV
    sfence.vma
    fails 13, ${page} + 0xffd, S, 0, ld a2, 0(a0)`,
  'an instruction across two pages': `
    ${paging(scheme)}
    // addi a2, x0, 0x123, its upper half on the second page; or 0x456 there.
    store_word PAGES + 0x2ffc, 0x06130000
    store_word PAGES, 0x00731230
    store_word PAGES + 0x1000, 0x00734560
    store_word PAGES + 4, 0x00730000
    store_word PAGES + 0x1004, 0x00730000
    .irp at, 0, 0x1000
    li t5, PAGES + \\at
    li t6, 0x73
    sh t6, 2(t5)
    sh x0, 4(t5)
    .endr
    entry ${level0}, 3, PAGES + 0x2000, RWX
    entry ${level0}, 4, PAGES, RWX
    li a0, ${page} + 0xffe
    li a2, 0
    succeeds S, 0, jr a0
    check a2, 0x123
    check s3, ${page} + 0x1002
    entry ${level0}, 4, PAGES + 0x1000, RWX
    sfence.vma
    succeeds S, 0, jr a0
    check a2, 0x456
    entry ${level0}, 4, PAGES + 0x1000, RWX & ~PX
    li a3, ${page} + 0x1000
    sfence.vma a3
    li a2, 0
    fails 12, ${page} + 0x1000, S, 0, jr a0
    check s3, ${page} + 0xffe
    check a2, 0
    entry ${level0}, 4, ${nowhere}, RWX
    sfence.vma
    fails 1, ${page} + 0x1000, S, 0, jr a0
    check s3, ${page} + 0xffe
    entry ${level0}, 3, PAGES + 0x2000, 0
    sfence.vma
    fails 12, ${page} + 0xffe, S, 0, jr a0
    check s3, ${page} + 0xffe`,
})

const guests: Guests = Object.fromEntries(schemes.flatMap((scheme) =>
  Object.entries(guestsOf(scheme)).map(([name, code]) => [`${scheme}: ${name}`, code.replaceAll('flags_are', `flags_are_${scheme}`)] as const)))

// U runs from the alias, so that this is used here as in permissions.test.ts.
const inUser: Guests = {
  'U cannot reach what is S’s, nor execute there': `
    ${paging('sv39')}
    la a0, trap_m
    la a3, trap_m
    attempt U, ${alias}, lw a2, 0(a0)
    check s2, 13
    mv a4, s4
    check_address a4, trap_m
    attempt U, ${alias}, jr a3
    check s2, 12
    attempt U, 0, nop
    check s2, 12`,
}

describe.each(tiers)('$name', (tier) => {
  const all = { ...guests, ...inUser }
  const board = new GuestBoard(tier, all)
  test.each(Object.keys(all))('%s', async (name) => {
    const { stop, report } = await board.run(name)
    expect(stop, report).toEqual({ kind: 'poweroff', code: 0 })
  })
})
