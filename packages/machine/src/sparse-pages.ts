import { StateReader } from './state-reader.ts'
import type { Plain, SavedState } from './state.ts'

/** Bytes of a page of guest memory in a saved state. */
export const pageSize = 4096

const wordsPerPage = pageSize / 4

/** RAM in words, for {@link isZeroPage}. */
export const asWords = (ram: Uint8Array): Int32Array => new Int32Array(ram.buffer, ram.byteOffset, ram.length / 4)

/** Whether a page of RAM is all zero. */
export const isZeroPage = (words: Int32Array, page: number): boolean => {
  const end = (page + 1) * wordsPerPage
  for (let word = page * wordsPerPage; word < end; word++) if (words[word] !== 0) return false
  return true
}

/** The pages of `ram` that are not all zero: their numbers as 32-bit little-endian integers, and their bytes in that order. */
export const packPages = (ram: Uint8Array): { readonly [key: string]: Plain } => {
  const words = asWords(ram)
  const present: number[] = []
  for (let page = 0; page < ram.length / pageSize; page++) if (!isZeroPage(words, page)) present.push(page)
  const numbers = new Uint8Array(present.length * 4)
  const view = new DataView(numbers.buffer)
  const bytes = new Uint8Array(present.length * pageSize)
  present.forEach((page, index) => {
    view.setUint32(index * 4, page, true)
    bytes.set(ram.subarray(page * pageSize, (page + 1) * pageSize), index * pageSize)
  })
  return { pages: numbers, bytes }
}

/** The reverse; throws `StateError` unless the state belongs to a RAM of this base and size. */
export const unpackPages = (state: SavedState, base: number, size: number): { readonly numbers: readonly number[]; readonly bytes: Uint8Array } => {
  const reader = new StateReader('guest memory', state, 1)
  reader.integer('base', base, base)
  reader.integer('size', size, size)
  const packed = reader.bytes('pages', (size / pageSize) * 4)
  const bytes = reader.bytes('bytes', size)
  if (packed.length % 4 !== 0) reader.refuse('pages', 'whole 32-bit numbers')
  const view = new DataView(packed.buffer, packed.byteOffset, packed.byteLength)
  const numbers = Array.from({ length: packed.length / 4 }, (_, index) => view.getUint32(index * 4, true))
  numbers.forEach((page, index) => {
    if (page >= size / pageSize || (index > 0 && page <= (numbers[index - 1] ?? 0))) reader.refuse('pages', 'ascending page numbers within RAM')
  })
  if (bytes.length !== numbers.length * pageSize) reader.refuse('bytes', `${String(numbers.length)} pages of ${String(pageSize)} bytes`)
  return { numbers, bytes }
}
