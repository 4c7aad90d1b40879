/**
 * Page tables for guests, as assembly. In every scheme the same addresses are mapped: the guest itself at its own
 * address for S, and at `alias` above it for U, each by a leaf of 1 GiB; and what a test puts into the tables that serve
 * `window`: `level1` has the entries of 2 MiB each, `level0` those of the first of these.
 */
export const window = 0x1_0000_0000
export const alias = '0x40000000'
export const root = 'TABLES'
export const level1 = 'TABLES + 0x1000'
export const level0 = 'TABLES + 0x2000'
const [above, top] = ['TABLES + 0x3000', 'TABLES + 0x4000']

export type Scheme = 'sv39' | 'sv48' | 'sv57'
export const schemes: readonly Scheme[] = ['sv39', 'sv48', 'sv57']
/** Bits of an address, the value of `satp`, and the tables above the one that `root` names. */
export const schemeOf = {
  sv39: { bits: 39, satp: `(8 << 60) | ((${root}) >> 12)`, upper: '' },
  sv48: { bits: 48, satp: `(9 << 60) | ((${above}) >> 12)`, upper: `entry ${above}, 0, ${root}, PV` },
  sv57: { bits: 57, satp: `(10 << 60) | ((${top}) >> 12)`, upper: `entry ${above}, 0, ${root}, PV\n entry ${top}, 0, ${above}, PV` },
} as const

/** Sets up the tables, in M, and turns translation on for S and U. */
export const paging = (scheme: Scheme): string => `
  ${schemeOf[scheme].upper}
  entry ${root}, 2, 0x80000000, RWX
  entry ${root}, 3, 0x80000000, RWX | PU
  entry ${root}, 4, ${level1}, PV
  entry ${level1}, 0, ${level0}, PV
  write satp, ${schemeOf[scheme].satp}
  sfence.vma`

/** A store of the instruction `ecall`, where fetches shall come back from. */
export const callAt = (physical: string): string => `store_word ${physical}, 0x73`
