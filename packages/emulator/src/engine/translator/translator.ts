import type { WasmInstance, WasmMemory, WasmTable } from '@strata/machine'
import { webAssembly } from '@strata/machine'
import type { FunctionRef } from '../../wasm/code.ts'
import { ModuleBuilder } from '../../wasm/module.ts'
import type { Type } from '../../wasm/value.ts'
import type { AccessFunctions } from '../access.ts'
import type { RegisterFile } from '../slots.ts'
import { regionFlag, regionMapEntries, slot } from '../slots.ts'
import type { Operation } from '../table.ts'
import type { CodeCache } from '../code-cache.ts'
import { emitRegion, entryTable } from './emit.ts'
import { flowOf } from './flow.ts'
import { findRegion } from './region.ts'
import type { Region } from './region.ts'

/** What the translator needs of the CPU it translates for. */
export interface TranslatorHost {
  readonly memory: WasmMemory
  readonly view: DataView
  readonly cache: CodeCache
  readonly table: WasmTable
  /** The map of entries that the interpreter looks into. */
  readonly map: number
  /** Private memory for the regions' own tables. */
  readonly area: { readonly start: number; readonly bytes: number }
  readonly files: Readonly<Record<string, RegisterFile>>
  readonly stateCells: Readonly<Record<string, number>>
  /** The functions that regions import, by the name they are exported under. */
  readonly functions: Readonly<Record<string, { readonly ref: FunctionRef; readonly value: unknown }>>
  /** The names of the access functions and helpers among them. */
  readonly accessNames: { readonly [K in keyof AccessFunctions]: string }
  readonly shared: boolean
  readonly pages: number
  /** The instruction at an offset of a RAM page, if it is wholly on it. */
  decode(page: number, offset: number): Operation | undefined
  /** The RAM page that code at a virtual address was last fetched from, if that is still known. */
  codePage(address: bigint): number | undefined
  /** The RAM page that an instruction fetch at a virtual address would come from, without any effect; undefined if it would fault. */
  probe(address: bigint): number | undefined
  epoch(): number
}

interface Live {
  readonly region: Region
  readonly record: number
}

/** Figures of a translator, for whoever wants to look. */
export interface TranslatorStatistics {
  /** Regions translated so far, and those that may be entered now. */
  readonly translated: number
  readonly live: number
  /** Guest instructions in them, and bytes of WebAssembly they became. */
  readonly instructions: number
  readonly bytes: number
  /** How often the pages of a region were looked up again after translations changed, and how often that failed. */
  readonly revalidations: number
  readonly stale: number
}

/** A place is hot when it was sampled so often: translating costs about 30 µs an instruction, most of it in the background. */
const hotSamples = 32
const mostRegions = 2000
const regionLimits = { instructions: 500 }
const recordBytes = 16

/** The hot tier: turns code that is sampled often into regions, and keeps track of what they were made from. */
export class Translator {
  readonly #host: TranslatorHost
  readonly #heat = new Map<number, number>()
  readonly #live = new Map<number, Live>()
  readonly #byPage = new Map<number, Set<number>>()
  #next = 0
  #used = 0
  #statistics = { translated: 0, instructions: 0, bytes: 0, revalidations: 0, stale: 0 }
  readonly #hotSamples: number

  constructor(host: TranslatorHost, eager: boolean) {
    this.#host = host
    this.#hotSamples = eager ? 1 : hotSamples
    host.cache.onDrop = (page) => { this.#dropPage(page) }
  }

  get statistics(): TranslatorStatistics {
    return { ...this.#statistics, live: this.#live.size }
  }

  /** The interpreter was found at this slot, whose address is `pc`. */
  sample(at: number, pc: bigint): void {
    if ((this.#host.view.getUint16(at + slot.handler, true) & regionFlag) !== 0 && this.#entered(at)) return
    // Places some instructions apart are one loop, most of the time.
    const place = at >>> 9
    const heat = (this.#heat.get(place) ?? 0) + 1
    this.#heat.set(place, heat)
    if (heat < this.#hotSamples) return
    this.#heat.delete(place)
    this.#translate(pc)
  }

  /** Whether a region may be entered at this slot. */
  #entered(at: number): boolean {
    return this.#host.view.getInt32(this.#row(at), true) === at
  }

  #row(at: number): number {
    return this.#host.map + ((at >>> 4) & (regionMapEntries - 1)) * 8
  }

  /** Gives up every region: the slots they were entered from are gone. */
  reset(): void {
    const { view, map, table } = this.#host
    for (let row = 0; row < regionMapEntries; row++) view.setInt32(map + row * 8, -1, true)
    for (let index = 0; index < this.#next; index++) table.set(index, null)
    this.#live.clear()
    this.#byPage.clear()
    this.#heat.clear()
    this.#next = 0
    this.#used = 0
  }

  /** Whether a region's pages still follow one another at `base`: called by regions when translations have changed. */
  revalidate(index: number, base: bigint): boolean {
    const live = this.#live.get(index)
    if (live === undefined) return false
    this.#statistics.revalidations++
    for (const [page, ram] of live.region.pages) {
      if (this.#host.probe(base + BigInt(page) * 4096n) !== ram) {
        this.#statistics.stale++
        return false
      }
    }
    this.#host.view.setInt32(live.record, this.#host.epoch(), true)
    this.#host.view.setBigInt64(live.record + 8, BigInt.asIntN(64, base), true)
    return true
  }

  #translate(pc: bigint): void {
    const host = this.#host
    const base = pc & ~0xfffn
    const known = new Map<number, number | undefined>()
    const pageOf = (page: number): number | undefined => {
      if (!known.has(page)) known.set(page, host.codePage(BigInt.asUintN(64, base + BigInt(page) * 4096n)))
      return known.get(page)
    }
    const read = (offset: number): Operation | undefined => {
      const ram = pageOf(offset >> 12)
      return ram === undefined ? undefined : host.decode(ram, offset & 0xfff)
    }
    const region = findRegion(Number(pc & 0xfffn), read, pageOf, regionLimits)
    if (region === undefined) return
    if (this.#live.size >= mostRegions) this.#evictAll()
    const offsets = region.entries.map((index) => region.blocks[index]?.start ?? 0)
    const lookup = entryTable(offsets)
    const bytes = recordBytes + lookup.rows.byteLength
    if (this.#used + bytes > host.area.bytes) this.#evictAll()
    if (this.#used + bytes > host.area.bytes) return
    const record = host.area.start + this.#used
    this.#used += (bytes + 15) & ~15
    const index = this.#next++

    const module = new ModuleBuilder({ pages: host.pages, shared: host.shared })
    const needed = new Set([...Object.values(host.accessNames), 'revalidate'])
    for (const { steps } of region.blocks) for (const step of steps) for (const helper of flowOf(step.operation.row).helpers) needed.add(helper)
    const imports: Record<string, unknown> = { memory: host.memory }
    const refs: Record<string, FunctionRef> = {}
    for (const name of needed) {
      const target = host.functions[name]
      if (target === undefined) throw new Error(`a region needs a function "${name}" that the engine has not`)
      imports[name] = target.value
      refs[name] = module.import(name, target.ref.parameters, target.ref.result)
    }
    const imported = <P extends readonly Type[], R extends Type | undefined>(name: string): FunctionRef<P, R> => refs[name] as FunctionRef<P, R>
    const { accessNames } = host
    const name = `region_${pc.toString(16)}`
    module.export('region', emitRegion(module, name, region, {
      files: host.files,
      stateCells: host.stateCells,
      access: {
        loadSlow: imported(accessNames.loadSlow),
        storeSlow: imported(accessNames.storeSlow),
        atomicPlace: imported(accessNames.atomicPlace),
      },
      helpers: refs,
      revalidate: imported('revalidate'),
      id: index,
      record,
      table: { address: record + recordBytes, mask: lookup.mask },
    }))
    const binary = module.encode({ branchHints: true })
    const instance: WasmInstance = new webAssembly.Instance(new webAssembly.Module(binary), { host: imports })
    this.#install(region, index, record, lookup.rows, instance.exports['region'])
    this.#statistics.translated++
    this.#statistics.bytes += binary.length
    this.#statistics.instructions += region.blocks.reduce((sum, block) => sum + block.steps.length, 0)
  }

  #install(region: Region, index: number, record: number, rows: Int32Array, entered: unknown): void {
    const { view, table, cache } = this.#host
    if (table.length <= index) table.grow(Math.max(64, index + 1 - table.length))
    table.set(index, entered)
    view.setInt32(record, -1, true)
    for (const [at, value] of rows.entries()) view.setInt32(record + recordBytes + at * 4, value, true)
    this.#live.set(index, { region, record })
    for (const ram of region.pages.values()) {
      cache.holdsCode(ram)
      const set = this.#byPage.get(ram)
      if (set === undefined) this.#byPage.set(ram, new Set([index]))
      else set.add(index)
    }
    for (const [number, blockIndex] of region.entries.entries()) {
      const at = this.#entrySlot(region, blockIndex)
      if (at === undefined) continue
      const handler = view.getUint16(at + slot.handler, true)
      // Not decoded by the interpreter yet: it will be entered elsewhere.
      if (handler === 0) continue
      const row = this.#row(at)
      view.setInt32(row, at, true)
      view.setUint16(row + 4, index, true)
      view.setUint16(row + 6, number, true)
      view.setUint16(at + slot.handler, handler | regionFlag, true)
    }
  }

  #entrySlot(region: Region, block: number): number | undefined {
    const start = region.blocks[block]?.start ?? 0
    const ram = region.pages.get(start >> 12)
    return ram === undefined ? undefined : this.#host.cache.slotAt(ram, start & 0xfff)
  }

  /** A page's code is dropped: what was made from it must not be entered any more. */
  #dropPage(page: number): void {
    for (const index of this.#byPage.get(page) ?? []) this.#retire(index)
    this.#byPage.delete(page)
  }

  #retire(index: number): void {
    const live = this.#live.get(index)
    if (live === undefined) return
    const { view, table } = this.#host
    this.#live.delete(index)
    table.set(index, null)
    for (const ram of live.region.pages.values()) this.#byPage.get(ram)?.delete(index)
    for (const block of live.region.entries) {
      const at = this.#entrySlot(live.region, block)
      if (at === undefined) continue
      const row = this.#row(at)
      if (view.getInt32(row, true) !== at || view.getUint16(row + 4, true) !== index) continue
      view.setInt32(row, -1, true)
    }
  }

  #evictAll(): void {
    for (const index of [...this.#live.keys()]) this.#retire(index)
    this.reset()
  }
}
