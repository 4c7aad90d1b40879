import type { Row } from '../../src/engine/table.ts'
import { extractAll } from '../../src/engine/table.ts'
import type { Random } from './random.ts'

/** An encoding with random operands that the row accepts. */
export const sample = (row: Row, random: Random): number => {
  const free = row.length === 2 ? 0xffff : 0xffff_ffff
  for (let attempt = 0; attempt < 1000; attempt++) {
    const bits = (row.match | (random.bits32() & ~row.mask & free)) >>> 0
    if (row.accepts?.(extractAll(bits, row.format)) !== false) return bits
  }
  throw new Error(`${row.mnemonic} accepts none of 1000 random encodings`)
}
