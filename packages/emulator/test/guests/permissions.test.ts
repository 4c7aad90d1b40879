import { describe, expect, test } from 'vitest'
import { GuestBoard } from '../support/guests.ts'
import type { Guests } from '../support/guests.ts'
import { tiers } from '../support/tiers.ts'
import { alias, callAt, level0, paging, schemes, window } from './paging.ts'

const accesses = {
  load: { cause: 13, instruction: 'lw a2, 0(a0)' },
  store: { cause: 15, instruction: 'sw a2, 4(a0)' },
  fetch: { cause: 12, instruction: 'jr a0' },
} as const
type Access = keyof typeof accesses

const modes = {
  'S': { status: '0', mode: 'S', offset: '0' },
  'S with SUM': { status: 'SUM', mode: 'S', offset: '0' },
  'S with MXR': { status: 'MXR', mode: 'S', offset: '0' },
  'S with SUM and MXR': { status: 'SUM | MXR', mode: 'S', offset: '0' },
  'U': { status: '0', mode: 'U', offset: alias },
  'U with SUM and MXR': { status: 'SUM | MXR', mode: 'U', offset: alias },
} as const
type Mode = keyof typeof modes

const flag = { r: 2, w: 4, x: 8, u: 16 } as const

/** Privileged specification, "Supervisor Page Tables" and `mstatus`. */
const permitted = (flags: number, access: Access, mode: Mode): boolean => {
  const has = (bit: number): boolean => (flags & bit) !== 0
  // Without any permission it leads to another table, and there is none; writable alone is reserved.
  if (!has(flag.r | flag.x) || (has(flag.w) && !has(flag.r))) return false
  const { status } = modes[mode]
  if (mode.startsWith('U') ? !has(flag.u) : has(flag.u) && (!status.includes('SUM') || access === 'fetch')) return false
  switch (access) {
    case 'load': return has(flag.r) || (status.includes('MXR') && has(flag.x))
    case 'store': return has(flag.w)
    case 'fetch': return has(flag.x)
  }
}

const page = `${window} + 0x3000`

const attempts = (mode: Mode): string =>
  Array.from({ length: 16 }, (_, index) => index << 1).map((flags) => {
    const { status, mode: level, offset } = modes[mode]
    return `
      entry ${level0}, 3, PAGES, PV | PA | PD | ${flags}
      sfence.vma
      ${(Object.keys(accesses) as Access[]).map((access) => {
        const { cause, instruction } = accesses[access]
        const address = `${page}${access === 'store' ? ' + 4' : ''}`
        return `
          clear mstatus, SUM | MXR
          set mstatus, ${status}
          li a0, ${page}
          ${permitted(flags, access, mode) ? `succeeds ${level}, ${offset}, ${instruction}` : `fails ${cause}, ${address}, ${level}, ${offset}, ${instruction}`}`
      }).join('\n')}`
  }).join('\n')

const guests: Guests = Object.fromEntries(schemes.flatMap((scheme) =>
  (Object.keys(modes) as Mode[]).map((mode) => [`${scheme}, ${mode}: every permission against every access`, `
    ${paging(scheme)}
    ${callAt('PAGES')}
    ${attempts(mode)}`] as const)))

describe.each(tiers)('$name', (tier) => {
  const board = new GuestBoard(tier, guests)
  test.each(Object.keys(guests))('%s', async (name) => {
    const { stop, report } = await board.run(name)
    expect(stop, report).toEqual({ kind: 'poweroff', code: 0 })
  })
})
