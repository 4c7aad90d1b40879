import { hex, LoaderError } from '../errors.ts'
import type { GuestMemory } from '../memory.ts'

/** A stretch of guest memory that is in use: `[start, end)`, guest-physical. */
export interface LoadedRange {
  readonly start: number
  readonly end: number
}

/** Throws `LoaderError` unless `[start, end)` is RAM (`ERR_LOADER_SPACE`) and free of `occupied` (`ERR_LOADER_OVERLAP`). */
export const checkPlace = (memory: GuestMemory, what: string, range: LoadedRange, occupied: readonly LoadedRange[] = []): void => {
  const { start, end } = range
  if (!Number.isSafeInteger(start) || !Number.isSafeInteger(end) || end < start || !memory.contains(start, end - start)) {
    throw new LoaderError(
      'ERR_LOADER_SPACE',
      `${what} needs ${hex(start)} to ${hex(end - 1)}, but RAM is ${hex(memory.base)} to ${hex(memory.base + memory.size - 1)}: give the guest more memory`,
    )
  }
  const other = occupied.find((taken) => taken.start < end && start < taken.end)
  if (other !== undefined) {
    throw new LoaderError('ERR_LOADER_OVERLAP', `${what} at ${hex(start)} to ${hex(end - 1)} would overlap what is at ${hex(other.start)} to ${hex(other.end - 1)}`)
  }
}

/** Writes raw bytes, firmware for example, at an address. Throws `LoaderError`. */
export const loadAt = (memory: GuestMemory, address: number, bytes: Uint8Array, options: { readonly what?: string; readonly occupied?: readonly LoadedRange[] } = {}): LoadedRange => {
  const range = { start: address, end: address + bytes.length }
  checkPlace(memory, options.what ?? 'the image', range, options.occupied)
  memory.write(address, bytes)
  return range
}

export interface LoadHighOptions {
  /** For messages: 'the initramfs'. */
  readonly what?: string
  /** What is in memory already. */
  readonly occupied?: readonly LoadedRange[]
  /** A power of two; 4096 unless given. */
  readonly align?: number
  /** The end of what may be used, if below that of RAM. */
  readonly below?: number
}

/** The highest aligned place for `length` bytes that is free. Throws `LoaderError` `ERR_LOADER_SPACE`. */
export const placeHigh = (memory: GuestMemory, length: number, options: LoadHighOptions = {}): number => {
  const { what = 'the image', occupied = [], align = 4096 } = options
  const top = Math.min(memory.base + memory.size, options.below ?? Infinity)
  const down = (address: number): number => Math.floor(address / align) * align
  // Going down from the top, every range in the way gives the next candidate just below itself.
  let start = down(top - length)
  for (const taken of [...occupied].sort((a, b) => b.start - a.start)) {
    if (taken.start < start + length && start < taken.end) start = down(taken.start - length)
  }
  if (start < memory.base) {
    const free = top - memory.base - occupied.reduce((sum, taken) => sum + taken.end - taken.start, 0)
    throw new LoaderError(
      'ERR_LOADER_SPACE',
      `${what} of ${String(length)} bytes finds no place in RAM of ${String(memory.size)} bytes, of which about ${String(Math.max(0, free))} are free: give the guest more memory`,
    )
  }
  return start
}

/** Writes bytes (an initramfs, a device tree) as high in RAM as there is room. Throws `LoaderError`. */
export const loadHigh = (memory: GuestMemory, bytes: Uint8Array, options: LoadHighOptions = {}): LoadedRange => {
  const start = placeHigh(memory, bytes.length, options)
  memory.write(start, bytes)
  return { start, end: start + bytes.length }
}
