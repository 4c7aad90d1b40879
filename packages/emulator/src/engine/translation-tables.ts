import { codeTable, emptyTag, tlbBlockBytes, tlbEntries } from './tlb.ts'

/** What the tables of a CPU need: linear memory, and somebody who keeps two numbers where emitted code finds them. */
export interface TablesHost {
  readonly view: DataView
  /** Where the blocks lie, one for each mode. */
  readonly start: number
  readonly modes: number
  fill(address: number, byte: number, length: number): void
  /** The block in use. */
  useBlock(address: number): void
  /** A number that differs whenever translations may differ. */
  useEpoch(epoch: number): void
}

/** The host's side of a CPU's translation tables: which block is in use, and what is forgotten when. */
export class TranslationTables {
  readonly #host: TablesHost
  #mode = 0
  #epoch = 0
  #way: 0 | 1 = 0
  /** The modes whose tables may hold something. */
  readonly #used = new Set<number>()

  constructor(host: TablesHost) {
    this.#host = host
    for (let mode = 0; mode < host.modes; mode++) this.flushMode(mode)
    this.selectMode(0)
  }

  /** Chooses the tables of a mode. */
  selectMode(mode: number): void {
    this.#used.add(mode)
    this.#mode = mode
    this.#host.useBlock(this.#block(mode))
  }

  /**
   * Says which of two ways of translating is in use (with and without page tables, say), so that what was found valid in
   * one is not taken for valid in the other.
   */
  selectWay(way: 0 | 1): void {
    this.#way = way
    this.#host.useEpoch(this.#epoch * 2 + way)
  }

  /** Forgets every translation. */
  flush(): void {
    for (const mode of this.#used) this.flushMode(mode)
    this.#used.clear()
    this.#used.add(this.#mode)
    this.#newEpoch()
  }

  /** Forgets every translation of one mode. */
  flushMode(mode: number): void {
    this.#host.fill(this.#block(mode), 0xff, tlbBlockBytes)
  }

  /** Forgets the translations of the page of `address`, in every mode. */
  flushPage(address: bigint): void {
    const { view, start, modes } = this.#host
    const entry = entryOffset(address)
    for (let table = start; table < start + modes * tlbBlockBytes; table += tlbEntries * 16) view.setBigInt64(table + entry, emptyTag, true)
    this.#newEpoch()
  }

  /** Empties one table of every mode; no translation has changed. */
  flushTable(table: number): void {
    for (const mode of this.#used) this.#host.fill(this.#block(mode) + table, 0xff, tlbEntries * 16)
  }

  /** The entry for code at `address` in the mode in use. */
  codeEntry(address: bigint): number {
    return this.#block(this.#mode) + codeTable + entryOffset(address)
  }

  #block(mode: number): number {
    return this.#host.start + mode * tlbBlockBytes
  }

  #newEpoch(): void {
    this.#epoch = (this.#epoch + 1) & 0x3fff_ffff
    this.selectWay(this.#way)
  }
}

const entryOffset = (address: bigint): number => Number((address >> 12n) & BigInt(tlbEntries - 1)) * 16
