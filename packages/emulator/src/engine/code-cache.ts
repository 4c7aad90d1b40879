import type { GuestMemory } from '@strata/machine'
import { pageHoldsCode, stateBytes } from './layout.ts'
import { handlers, pageBytes, slot, slotBytes, slotsPerPage } from './slots.ts'

const pageShift = 12
const maximumCpus = 16

/** What the CPUs of one memory share: their blocks, and which pages of RAM hold decoded code. */
class SharedArea {
  readonly blocks: number
  readonly flags: number
  readonly flagBytes: Uint8Array
  readonly caches: CodeCache[] = []

  constructor(memory: GuestMemory) {
    this.blocks = memory.reserve(stateBytes * maximumCpus, 64)
    const pages = memory.size >>> pageShift
    this.flags = memory.reserve(pages, 64)
    this.flagBytes = new Uint8Array(memory.memory.buffer, this.flags, pages)
    memory.onWrite((address, length) => {
      const first = (address - memory.base) >>> pageShift
      const last = (address - memory.base + length - 1) >>> pageShift
      for (let page = first; page <= last; page++) this.written(page)
    })
  }

  /** A page is about to change: every CPU drops what it decoded from it. */
  written(page: number): void {
    if ((this.flagBytes[page] ?? 0) === 0) return
    this.flagBytes[page] = 0
    for (const cache of this.caches) cache.drop(page)
  }
}
const areas = new WeakMap<GuestMemory, SharedArea>()

/** Pre-decoded pages of one CPU: a bounded pool, emptied as a whole when it is full. */
export class CodeCache {
  /** Bytes of private memory the first CPU of a memory needs for it, beside what all share. */
  static bytes(pages: number): number {
    return pages * pageBytes + 64
  }
  static sharedBytes(ramSize: number): number {
    return stateBytes * maximumCpus + (ramSize >>> pageShift) + 128
  }

  /** Offset of this CPU's block in linear memory. */
  readonly block: number
  /** Offset of the page flags. */
  readonly flags: number
  readonly #shared: SharedArea
  readonly #view: DataView
  readonly #start: number
  readonly #capacity: number
  readonly #slotsOf = new Map<number, number>()
  readonly #pageOf: number[] = []
  readonly #zero: (address: number, length: number) => void
  readonly #onReset: () => void
  readonly #onCodePage: () => void
  /** Told of pages whose code is dropped, before it is. */
  onDrop: (page: number) => void = () => undefined

  /** `zero` clears linear memory. `onReset`: every page's slots were given up. `onCodePage`: a page became one whose stores must be noticed. */
  constructor(memory: GuestMemory, pages: number, zero: (address: number, length: number) => void, onReset: () => void, onCodePage: () => void) {
    let shared = areas.get(memory)
    if (shared === undefined) {
      shared = new SharedArea(memory)
      areas.set(memory, shared)
    }
    if (shared.caches.length === maximumCpus) throw new Error(`one memory serves at most ${String(maximumCpus)} CPUs`)
    this.#shared = shared
    this.block = shared.blocks + stateBytes * shared.caches.length
    this.flags = shared.flags
    shared.caches.push(this)
    this.#view = new DataView(memory.memory.buffer)
    this.#capacity = pages
    this.#start = memory.reserve(pages * pageBytes, 64)
    this.#zero = zero
    this.#onReset = onReset
    this.#onCodePage = onCodePage
  }

  /** A CPU is about to write RAM page `page`, which is flagged. */
  written(page: number): void {
    this.#shared.written(page)
  }

  /** The address of the slots of RAM page `page`, made empty if there were none. */
  slots(page: number): number {
    const known = this.#slotsOf.get(page)
    if (known !== undefined) return known
    if (this.#pageOf.length === this.#capacity) this.reset()
    const address = this.#start + this.#pageOf.length * pageBytes
    this.#pageOf.push(page)
    this.#slotsOf.set(page, address)
    this.#empty(address)
    this.#view.setUint16(address + slotsPerPage * slotBytes + slot.handler, handlers.pageEnd, true)
    return address
  }

  /** Whether this is the address of a slot in use. */
  holds(address: number): boolean {
    return address >= this.#start && address < this.#start + this.#pageOf.length * pageBytes
  }

  /** The RAM page that a slot was decoded from, and the slot's offset in it in bytes of code. */
  locate(address: number): { readonly page: number; readonly offset: number } {
    const index = Math.floor((address - this.#start) / pageBytes)
    return { page: this.#pageOf[index] ?? 0, offset: (address - this.#start - index * pageBytes) / (slotBytes / 2) }
  }

  /** Something was decoded from this page: from now on stores to it are noticed. */
  holdsCode(page: number): void {
    if (this.#shared.flagBytes[page] === pageHoldsCode) return
    this.#shared.flagBytes[page] = pageHoldsCode
    for (const cache of this.#shared.caches) cache.#onCodePage()
  }

  /** Forgets what was decoded from a page. Its slots stay where they are, as a CPU may stand in them. */
  drop(page: number): void {
    const address = this.#slotsOf.get(page)
    if (address === undefined) return
    this.onDrop(page)
    this.#empty(address)
  }

  /** The slot at an offset of a page that has slots, or undefined. */
  slotAt(page: number, offset: number): number | undefined {
    const address = this.#slotsOf.get(page)
    return address === undefined ? undefined : address + offset * (slotBytes / 2)
  }

  /** Gives up every page. */
  reset(): void {
    this.#slotsOf.clear()
    this.#pageOf.length = 0
    this.#onReset()
  }

  #empty(address: number): void {
    this.#zero(address, slotsPerPage * slotBytes)
  }
}
