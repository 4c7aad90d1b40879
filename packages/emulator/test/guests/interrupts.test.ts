import { describe, expect, test } from 'vitest'
import { GuestBoard } from '../support/guests.ts'
import type { Guests } from '../support/guests.ts'
import { tiers } from '../support/tiers.ts'

const interrupt = (number: number): string => `(1 << 63) | ${number}`
const delegateAll = 'write medeleg, 0xb1ff\n    write mideleg, 0x222'
/** Waits long enough for anything that is due. */
const spin = (turns: number): string => `li t5, ${turns}\n    77: addi t5, t5, -1\n    bnez t5, 77b`

const guests: Guests = {
  'traps from S and U go to S if delegated, from M never': `
    ${delegateAll}
    become S
    la s1, 1f
    2: ebreak
    fail
    1: check s2, 3
    check s6, S
    check_address s3, 2b
    andi a2, s5, 0x120
    check a2, 0x100
    li a0, 0x40000000
    traps 5, 0x40000000, lw a2, 0(a0)
    check s6, S
    illegal csrr a0, mstatus
    check s6, S
    la s1, 1f
    la a0, 3f
    csrw sepc, a0
    clear sstatus, 0x100
    sret
    3: li a7, 0
    ecall
    fail
    1: check s2, 8
    check s6, S
    andi a2, s5, 0x100
    check a2, 0
    la s1, 1f
    li a7, 0
    ecall
    fail
    1: check s2, 9
    check s6, M
    illegal .word 0
    check s6, M`,
  'only what can be delegated is': `
    li a0, -1
    csrw medeleg, a0
    csrr a1, medeleg
    check a1, 0xb3ff
    csrw mideleg, a0
    csrr a1, mideleg
    check a1, 0x222`,
  'interrupts in their order': `
    write mie, 0xaaa
    write menvcfg, 0
    write mip, 0x222
    store_word MSIP, 1
    store_double MTIMECMP, 0
    la s1, 1f
    set mstatus, MIE
    nop
    fail
    1: check s2, ${interrupt(3)}
    store_word MSIP, 0
    la s1, 1f
    set mstatus, MIE
    nop
    fail
    1: check s2, ${interrupt(7)}
    store_double MTIMECMP, -1
    la s1, 1f
    set mstatus, MIE
    nop
    fail
    1: check s2, ${interrupt(9)}
    clear mip, 0x200
    la s1, 1f
    set mstatus, MIE
    nop
    fail
    1: check s2, ${interrupt(1)}
    clear mip, 0x2
    la s1, 1f
    set mstatus, MIE
    nop
    fail
    1: check s2, ${interrupt(5)}
    clear mip, 0x20
    set mstatus, MIE
    nop
    nop
    check_csr mip, 0`,
  'an interrupt comes before the instruction behind the one that allows it': `
    write mie, 8
    store_word MSIP, 1
    la s1, 1f
    li a2, 5
    li t5, MIE
    csrs mstatus, t5
    2: li a2, 6
    fail
    1: check s2, ${interrupt(3)}
    check_address s3, 2b
    check s4, 0
    check a2, 5`,
  'an interrupt that a store to a device raises comes behind the store, once': `
    write mie, 8
    set mstatus, MIE
    la s1, 1f
    li a3, MSIP
    li a4, 1
    sw a4, 0(a3)
    2: nop
    ${spin(1000)}
    fail
    1: check s2, ${interrupt(3)}
    check_address s3, 2b
    lw a2, 0(a3)
    check a2, 1
    sw x0, 0(a3)
    lw a2, 0(a3)
    check a2, 0
    check_csr mip, 0
    la a2, 3f
    csrw mepc, a2
    set mstatus, 0x80
    mret
    3: nop
    nop`,
  'software in M interrupts S': `
    ${delegateAll}
    write mie, 0x222
    become S
    set sstatus, SIE
    become_m
    la s1, 1f
    write mip, 2
    nop
    csrr a2, mip
    check a2, 2
    become S
    fail
    1: check s2, ${interrupt(1)}
    check s6, S
    check_csr sip, 2
    csrwi sip, 0
    check_csr sip, 0`,
  'S masks its own interrupts, not those of M; U masks none': `
    write mideleg, 0x222
    write mie, 0x2aa
    write mip, 2
    become S
    nop
    la s1, 1f
    la a0, 2f
    csrw sepc, a0
    clear sstatus, 0x100
    sret
    2: nop
    fail
    1: check s2, ${interrupt(1)}
    check s6, S
    li a3, MSIP
    li a4, 1
    la s1, 1f
    sw a4, 0(a3)
    nop
    ${spin(1000)}
    fail
    1: check s2, ${interrupt(3)}
    check s6, M`,
  'S sees and sets only its own bits': `
    write mie, 0xaaa
    write mip, 0x222
    check_csr sie, 0
    check_csr sip, 0
    write mideleg, 0x20
    check_csr sie, 0x20
    check_csr sip, 0x20
    csrw sie, x0
    check_csr mie, 0xa8a
    csrw sip, x0
    check_csr mip, 0x222
    write mideleg, 0x2
    csrw sip, x0
    check_csr mip, 0x220`,
  'vectored interrupts': `
    .macro row cause
    j .Lrow\\@
    .pushsection .text.rows, "ax"
    .Lrow\\@: li a5, \\cause
    csrr s2, mcause
    csrr s3, mepc
    jr s1
    .popsection
    .endm
    j 1f
    .balign 64
    table: j trap_m
    .irp n, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11
    row \\n
    .endr
    1: la t5, table + 1
    csrw mtvec, t5
    csrr a2, mtvec
    check_address a2, table + 1
    write mie, 0xaaa
    write mip, 0x200
    la s1, 1f
    set mstatus, MIE
    nop
    fail
    1: check a5, 9
    write mip, 0x2
    la s1, 1f
    set mstatus, MIE
    nop
    fail
    1: check a5, 1
    write mip, 0
    illegal .word 0
    li a0, -1
    csrw mtvec, a0
    check_csr mtvec, -3
    csrw stvec, a0
    check_csr stvec, -3
    la t5, trap_m
    csrw mtvec, t5`,
  'vectored interrupts in S': `
    ${delegateAll}
    write mie, 0x222
    write mip, 0x2
    j 1f
    .balign 64
    stable: j trap_s
    j 2f
    1: la t5, stable + 1
    csrw stvec, t5
    become S
    li a5, 0
    set sstatus, SIE
    nop
    fail
    2: csrr s2, scause
    check s2, ${interrupt(1)}
    csrw sip, x0
    la s1, 3f
    illegal .word 0
    3: check s6, S`,
  'waiting ends with an interrupt, even one that is masked': `
    write mie, 0x80
    store_double MTIMECMP, 500
    wfi
    csrr a2, mip
    check a2, 0x80
    li a3, MTIME
    ld a3, 0(a3)
    sltiu a3, a3, 500
    check a3, 0
    la s1, 1f
    set mstatus, MIE
    2: fail
    1: check s2, ${interrupt(7)}
    store_double MTIMECMP, 1000
    la s1, 1f
    set mstatus, MIE
    wfi
    2: fail
    1: check s2, ${interrupt(7)}
    check_address s3, 2b`,
  'S may wait, unless TW; U never may': `
    write mideleg, 0x2
    write mie, 0x2
    write mip, 0x2
    become S
    wfi
    become_m
    write mip, 0
    set mstatus, TW
    write mip, 2
    wfi
    write mip, 0
    illegal_in S, wfi
    illegal_in U, wfi`,
  'the external pin is not written back': `
    // The serial port's transmitter is ready: its interrupt goes to both of the hart's inputs.
    store_word 0xc000000 + 4 * 10, 1
    store_word 0xc002000, 1 << 10
    store_word 0xc002080, 1 << 10
    li a3, 0x10000000
    li a4, 2
    sb a4, 1(a3)
    check_csr mip, 0xa00
    set mip, 0x2
    check_csr mip, 0xa02
    csrrci a2, mip, 2
    check a2, 0xa02
    // The interrupt is over once it is claimed, and M never asked for any other.
    sb x0, 1(a3)
    li a3, 0xc200004
    lw a2, 0(a3)
    check a2, 10
    check_csr mip, 0
    sw a2, 0(a3)
    set mip, 0x200
    check_csr mip, 0x200
    clear mip, 0x200
    check_csr mip, 0`,
}

describe.each(tiers)('$name', (tier) => {
  const board = new GuestBoard(tier, guests)
  test.each(Object.keys(guests))('%s', async (name) => {
    const { stop, report } = await board.run(name)
    expect(stop, report).toEqual({ kind: 'poweroff', code: 0 })
  })
})
