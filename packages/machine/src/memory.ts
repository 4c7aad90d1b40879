import { hex, MemoryError } from './errors.ts'
import { asWords, isZeroPage, pageSize, packPages, unpackPages } from './sparse-pages.ts'
import { webAssembly } from './webassembly.ts'
import type { SavedState, Stateful } from './state.ts'
import type { WasmMemory } from './webassembly.ts'

const wasmPage = 0x1_0000
/** The largest private area plus RAM, in bytes: a 32-bit WebAssembly memory less one of its pages. */
export const guestMemoryLimit: number = 0x1_0000_0000 - wasmPage

export interface GuestMemoryOptions {
  /** Bytes of RAM: a positive multiple of 4096. */
  readonly size: number
  /** Guest-physical address of the first byte of RAM, a multiple of 4096; 0x8000_0000 unless given. */
  readonly base?: number
  /** Bytes kept below RAM in the same WebAssembly memory for CPU engines (tables, caches); 0 unless given. */
  readonly reserved?: number
  /** `false` forces a memory that cannot be shared with workers; otherwise it is shared wherever the host permits. */
  readonly shared?: boolean
}

/** Told of every write that did not come from a CPU: guest-physical address and length in bytes. */
export type WriteListener = (address: number, length: number) => void

const roundUp = (value: number, unit: number): number => Math.ceil(value / unit) * unit

/** In a browser, memory can only be shared in a cross-origin isolated page. */
const sharingPermitted = (): boolean => {
  const host = globalThis as { readonly SharedArrayBuffer?: unknown; readonly crossOriginIsolated?: boolean }
  return typeof host.SharedArrayBuffer === 'function' && host.crossOriginIsolated !== false
}

const allocate = (bytes: number, shared: boolean): WasmMemory => {
  const pages = Math.max(1, bytes / wasmPage)
  try {
    return new webAssembly.Memory({ initial: pages, maximum: pages, shared })
  } catch (cause) {
    throw new MemoryError('ERR_MEMORY_SIZE', `the host has no ${String(bytes)} bytes of WebAssembly memory to give: use a smaller guest`, { cause })
  }
}

/**
 * The guest's RAM, inside one WebAssembly memory that never moves or grows: `[0, reserved)` belongs to CPU engines, RAM
 * follows at `offset` (64 KiB aligned). CPUs reach RAM directly; devices and loaders go through the checked methods
 * here, so that CPUs learn of code that changed under them.
 */
export class GuestMemory implements Stateful {
  /** The memory itself, for CPU engines to import. */
  readonly memory: WasmMemory
  /** Guest-physical address of the first byte of RAM. */
  readonly base: number
  /** Bytes of RAM. */
  readonly size: number
  /** Where RAM starts in `memory`. */
  readonly offset: number
  /** Whether `memory` can be handed to workers. */
  readonly shared: boolean
  /** RAM only; index 0 is guest-physical `base`. After writing here directly, call `written`. */
  readonly bytes: Uint8Array
  /** RAM only; offset 0 is guest-physical `base`. After writing here directly, call `written`. */
  readonly view: DataView
  #reservedUsed = 0
  readonly #listeners = new Set<WriteListener>()

  private constructor(memory: WasmMemory, shared: boolean, base: number, size: number, offset: number) {
    this.memory = memory
    this.shared = shared
    this.base = base
    this.size = size
    this.offset = offset
    this.bytes = new Uint8Array(memory.buffer, offset, size)
    this.view = new DataView(memory.buffer, offset, size)
  }

  /** Throws `MemoryError` `ERR_MEMORY_SIZE` if the sizes are out of range or the host has not that much. */
  static create(options: GuestMemoryOptions): GuestMemory {
    const { size, base = 0x8000_0000, reserved = 0 } = options
    if (!Number.isSafeInteger(size) || size <= 0 || size % pageSize !== 0) {
      throw new MemoryError('ERR_MEMORY_SIZE', `RAM must be a positive multiple of ${String(pageSize)} bytes, not ${String(size)}`)
    }
    if (!Number.isSafeInteger(base) || base < 0 || base % pageSize !== 0 || !Number.isSafeInteger(base + size)) {
      throw new MemoryError('ERR_MEMORY_SIZE', `RAM must start at a multiple of ${String(pageSize)} below 2^53, not at ${String(base)}`)
    }
    if (!Number.isSafeInteger(reserved) || reserved < 0) {
      throw new MemoryError('ERR_MEMORY_SIZE', `the reserved area must be a non-negative number of bytes, not ${String(reserved)}`)
    }
    const offset = roundUp(reserved, wasmPage)
    const total = offset + roundUp(size, wasmPage)
    if (total > guestMemoryLimit) {
      throw new MemoryError(
        'ERR_MEMORY_SIZE',
        `RAM of ${String(size)} bytes and ${String(offset)} reserved ones make ${String(total)}, but at most ${String(guestMemoryLimit)} fit: use a smaller guest`,
      )
    }
    const shared = options.shared !== false && sharingPermitted()
    return new GuestMemory(allocate(total, shared), shared, base, size, offset)
  }

  /**
   * Takes `bytes` of the private area, aligned to `align` (a power of two), and returns their offset in `memory`. They
   * are zero and are never given back. Throws `ERR_MEMORY_RESERVE` if the area is used up.
   */
  reserve(bytes: number, align: number = 64): number {
    if (!Number.isSafeInteger(bytes) || bytes < 0 || !Number.isSafeInteger(align) || align <= 0 || !Number.isInteger(Math.log2(align))) {
      throw new MemoryError('ERR_MEMORY_RESERVE', `cannot reserve ${String(bytes)} bytes aligned to ${String(align)}: give a byte count and a power of two`)
    }
    const start = roundUp(this.#reservedUsed, align)
    if (start + bytes > this.offset) {
      throw new MemoryError(
        'ERR_MEMORY_RESERVE',
        `${String(bytes)} more bytes do not fit in the ${String(this.offset)} reserved ones, of which ${String(start)} are used: create the memory with a larger \`reserved\``,
      )
    }
    this.#reservedUsed = start + bytes
    return start
  }

  /** Whether all of `[address, address + length)` is RAM. */
  contains(address: number, length: number): boolean {
    return address >= this.base && length >= 0 && length <= this.size - (address - this.base)
  }

  /** A copy of guest memory. Throws `ERR_MEMORY_RANGE` if it is not all RAM. */
  read(address: number, length: number): Uint8Array {
    const start = this.#index(address, length)
    const copy = new Uint8Array(length)
    copy.set(this.bytes.subarray(start, start + length))
    return copy
  }

  /** Throws `ERR_MEMORY_RANGE`, having written nothing, if it is not all RAM. */
  write(address: number, bytes: Uint8Array): void {
    this.bytes.set(bytes, this.#index(address, bytes.length))
    this.written(address, bytes.length)
  }

  /** Sets `length` bytes to `value` (0-255). Throws `ERR_MEMORY_RANGE` if it is not all RAM. */
  fill(address: number, length: number, value: number = 0): void {
    const start = this.#index(address, length)
    this.bytes.fill(value, start, start + length)
    this.written(address, length)
  }

  /** Registers a listener for writes that do not come from a CPU; the result takes it away again. */
  onWrite(listener: WriteListener): () => void {
    this.#listeners.add(listener)
    return () => {
      this.#listeners.delete(listener)
    }
  }

  /** Tells the listeners of bytes that were changed through `bytes` or `view`. */
  written(address: number, length: number): void {
    for (const listener of this.#listeners) listener(address, length)
  }

  /** RAM's pages that are not all zero. The private area is no part of it: CPU engines rebuild theirs. */
  save(): SavedState {
    return { version: 1, base: this.base, size: this.size, ...packPages(this.bytes) }
  }

  restore(state: SavedState): void {
    const pages = unpackPages(state, this.base, this.size)
    const present = new Set(pages.numbers)
    // Pages that are zero already are left alone: writing them would make the host back all of RAM.
    const words = asWords(this.bytes)
    for (let page = 0; page < this.size / pageSize; page++) {
      if (!present.has(page) && !isZeroPage(words, page)) this.bytes.fill(0, page * pageSize, (page + 1) * pageSize)
    }
    pages.numbers.forEach((page, index) => {
      this.bytes.set(pages.bytes.subarray(index * pageSize, (index + 1) * pageSize), page * pageSize)
    })
    this.written(this.base, this.size)
  }

  #index(address: number, length: number): number {
    if (!Number.isSafeInteger(address) || !Number.isSafeInteger(length) || !this.contains(address, length)) {
      throw new MemoryError(
        'ERR_MEMORY_RANGE',
        `${String(length)} bytes at ${hex(address)} are not all in RAM, which is ${hex(this.base)} to ${hex(this.base + this.size - 1)}`,
      )
    }
    return address - this.base
  }
}
