import { isaCells, stateBytes } from '../../engine/layout.ts'
import type { RegisterFile } from '../../engine/slots.ts'

export type RiscvCell =
  | 'fflags'
  | 'frm'
  | 'floatEnabled'
  | 'floatDirty'
  | 'fetchPrivilege'
  | 'dataPrivilege'
  | 'sum'
  | 'mxr'
  | 'levels'
  | 'pmpActive'
  | 'hugeLeaf'
  | 'largeLeaves'
  | 'root'
/** RISC-V's part of a CPU's block: offsets in bytes, i32 unless noted. */
export const riscvCells: Readonly<Record<RiscvCell, number>> = {
  /** Accrued exceptions and dynamic rounding mode (the halves of `fcsr`). */
  fflags: isaCells,
  frm: isaCells + 0x04,
  /** Not 0: `mstatus.FS` is not Off. */
  floatEnabled: isaCells + 0x08,
  /** Not 0: floating-point state was written since this was last cleared. */
  floatDirty: isaCells + 0x0c,
  /** Privilege of instruction fetches and of data accesses (MPRV makes them differ): 0 U, 1 S, 3 M. */
  fetchPrivilege: isaCells + 0x10,
  dataPrivilege: isaCells + 0x14,
  sum: isaCells + 0x18,
  mxr: isaCells + 0x1c,
  /** Levels of the page table that `satp` selects (3, 4, 5), or 0 for Bare. */
  levels: isaCells + 0x20,
  /** Not 0: PMP has entries to check. */
  pmpActive: isaCells + 0x24,
  /** Not 0: a leaf larger than 2 MiB was used since the last full flush. */
  hugeLeaf: isaCells + 0x28,
  /** Address of the map of 2 MiB regions that were translated by a leaf larger than 4 KiB. */
  largeLeaves: isaCells + 0x2c,
  /** i64: guest-physical address of the root page table. */
  root: isaCells + 0x30,
}

/** The map that `largeLeaves` points to has a byte for each value of `(address >> 21) % largeLeafSlots`. */
export const largeLeafSlots = 4096

const x = 0x100
const sink = x + 32 * 8
const f = sink + 8

export const registerFiles: { readonly x: RegisterFile; readonly f: RegisterFile } = {
  x: { offset: x, count: 32, zero: { register: 0, sink } },
  f: { offset: f, count: 32 },
}
if (f + 32 * 8 > stateBytes) throw new Error('the CPU state block is too small for its registers')
