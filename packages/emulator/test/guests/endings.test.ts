import { describe, expect, test } from 'vitest'
import { GuestBoard } from '../support/guests.ts'
import type { Guests } from '../support/guests.ts'
import { tiers } from '../support/tiers.ts'

/** Guests that never pass, and how they end. */
const endings: Readonly<Record<string, { readonly code: string; readonly ends: unknown }>> = {
  'a jump to nowhere, with no handler': {
    code: 'csrw mtvec, x0\n li a0, 0x40000000\n jr a0',
    ends: { kind: 'fault', vcpu: 0, pc: 0n, reason: expect.stringContaining('cause 1') as unknown },
  },
  'a handler that is no code': {
    code: 'la a0, 1f\n csrw mtvec, a0\n ebreak\n .balign 4\n 1: .word 0',
    ends: expect.objectContaining({ kind: 'fault', reason: expect.stringContaining('cause 2') as unknown }) as unknown,
  },
  'a handler in a device': {
    code: 'li a0, 0x10000000\n csrw mtvec, a0\n ebreak',
    ends: expect.objectContaining({ kind: 'fault', pc: 0x1000_0000n }) as unknown,
  },
  'a handler in S that cannot be fetched': {
    code: 'write medeleg, 0xb3ff\n li a0, 0x40000000\n csrw stvec, a0\n become S\n ebreak',
    ends: expect.objectContaining({ kind: 'fault', pc: 0x4000_0000n }) as unknown,
  },
  'a handler that calls itself': {
    code: 'la a0, 1f\n csrw mtvec, a0\n ebreak\n .balign 4\n 1: ecall',
    ends: expect.objectContaining({ kind: 'fault', reason: expect.stringContaining('cause 11') as unknown }) as unknown,
  },
  'a handler that faults behind its first instruction': {
    code: 'la a0, 1f\n csrw mtvec, a0\n ebreak\n .balign 4\n 1: li a0, 0x40000000\n sd a0, 0(a0)',
    ends: { kind: 'limit' },
  },
  'a handler that goes back to the same fault': {
    code: 'la a0, 1f\n csrw mtvec, a0\n li a0, 0x40000000\n lw a1, 0(a0)\n .balign 4\n 1: mret',
    ends: { kind: 'limit' },
  },
  'a loop with interrupts off': { code: 'csrw mie, x0\n clear mstatus, MIE\n 1: j 1b', ends: { kind: 'limit' } },
  'a loop of control registers': { code: '1: csrrw x0, mscratch, x0\n j 1b', ends: { kind: 'limit' } },
  'a loop of device accesses': { code: 'li a0, 0x10000000\n 1: lbu a1, 5(a0)\n j 1b', ends: { kind: 'limit' } },
  'an interrupt that is never cleared': {
    code: 'la a0, 1f\n csrw mtvec, a0\n store_word MSIP, 1\n write mie, 8\n set mstatus, MIE\n 2: j 2b\n .balign 4\n 1: mret',
    ends: { kind: 'limit' },
  },
  'waiting with interrupts off': { code: 'csrw mie, x0\n wfi\n fail', ends: { kind: 'asleep' } },
  'waiting for what cannot come': { code: 'write mie, 0x222\n set mstatus, MIE\n 1: wfi\n j 1b', ends: { kind: 'asleep' } },
  'a failure': { code: 'li a0, FINISHER\n li a1, (77 << 16) | 0x3333\n sw a1, 0(a0)', ends: { kind: 'fail', code: 77 } },
  'a reset': { code: 'li a0, FINISHER\n li a1, 0x7777\n sw a1, 0(a0)', ends: { kind: 'reset', code: 0 } },
}
const guests: Guests = Object.fromEntries(Object.entries(endings).map(([name, { code }]) => [name, code]))
const limit = 100_000

describe.each(tiers)('$name', (tier) => {
  const board = new GuestBoard(tier, guests)
  const hart = board.board.harts[0]!

  test.each(Object.entries(endings))('%s', async (name, { ends }) => {
    const { stop, report } = await board.run(name, limit)
    expect(stop, report).toEqual(ends)
    if (stop.kind === 'limit') expect(hart.retired).toBe(limit)
  })

  test('a budget is kept to the instruction', () => {
    board.begin('a loop with interrupts off')
    for (const budget of [1, 2, 3, 1000, 12_345]) {
      const before = hart.retired
      expect(hart.run(budget)).toEqual({ kind: 'budget' })
      expect(hart.retired - before).toBe(budget)
    }
  })

  test('a run is interrupted at once, once', () => {
    board.begin('a loop with interrupts off')
    const before = hart.retired
    hart.interruptRun()
    expect(hart.run(1000)).toEqual({ kind: 'budget' })
    expect(hart.retired - before).toBe(0)
    expect(hart.run(1000)).toEqual({ kind: 'budget' })
    expect(hart.retired - before).toBe(1000)
  })

  test('an idle hart stays idle and retires nothing', () => {
    board.begin('waiting with interrupts off')
    expect(hart.run(1000)).toEqual({ kind: 'idle' })
    const { retired } = hart
    expect(hart.run(1000)).toEqual({ kind: 'idle' })
    expect(hart.retired).toBe(retired)
  })
})
