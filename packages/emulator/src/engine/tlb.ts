import type { I32, I64 } from '../wasm/value.ts'
import { i32, i64, load, loads } from '../wasm/value.ts'

/**
 * Translation tables: direct-mapped, 4 KiB pages, one block of three tables (reads, writes, code) for each mode whose
 * permissions differ. An entry is 16 bytes: the virtual page (i64), what to add to the low half of a virtual address to
 * get one in linear memory (i32; for code: the address of the page's slots), and 4 unused.
 */
export const tlbEntries = 1024
const tableBytes = tlbEntries * 16
export const readTable = 0
export const writeTable: number = tableBytes
export const codeTable: number = tableBytes * 2
export const tlbBlockBytes: number = tableBytes * 3

/** A tag that no address has: pages are multiples of 4096, and a masked address of this value would be misaligned. */
export const emptyTag = -1n

/** Address of the entry for `address`, to which a table's offset is added. */
export const tlbEntry = (block: I32, address: I64): I32 =>
  i32.add(i32.and(i32.shrU(i32.wrap(address), i32.const(8)), i32.const((tlbEntries - 1) << 4)), block)

/** Whether the entry translates an aligned access of `width` bytes at `address`. */
export const tlbHit = (entry: I32, table: number, address: I64, width: number): I32 =>
  i64.eq(load(loads.i64, entry, table), i64.and(address, i64.const(BigInt(-4096 | (width - 1)))))

/** The place in linear memory, once the entry is known to hit. */
export const tlbPlace = (entry: I32, table: number, address: I64): I32 =>
  i32.add(i32.wrap(address), load(loads.i32, entry, table + 8))
