import type { GuestMemory, WasmInstance } from '@strata/machine'
import { webAssembly } from '@strata/machine'
import type { FunctionRef } from '../wasm/code.ts'
import { ModuleBuilder } from '../wasm/module.ts'
import type { Translation } from './access.ts'
import { defineAccess } from './access.ts'
import { CodeCache } from './code-cache.ts'
import { defineInterpreter } from './interpreter.ts'
import { cells, deviceAnswer, leave } from './layout.ts'
import type { RegisterFile } from './slots.ts'
import { assignHandlers, handlers, pageBytes, regionMapEntries, slot, slotBytes, writeIllegalSlot, writeSlot } from './slots.ts'
import type { Decoder, Operation } from './table.ts'
import { codeTable, tlbBlockBytes, writeTable } from './tlb.ts'
import { TranslationTables } from './translation-tables.ts'
import { Translator } from './translator/translator.ts'

/** What the engine must know of an instruction set. */
export interface CoreIsa {
  readonly decoder: Decoder
  readonly files: Readonly<Record<string, RegisterFile>>
  readonly stateCells: Readonly<Record<string, number>>
  /** How many blocks of translation tables its modes need. */
  readonly modes: number
  /** Bytes of private memory it needs, handed to it as `Core.isaArea`. */
  readonly areaBytes: number
  /** Host functions its translation imports, by name. */
  readonly imports: Readonly<Record<string, (...operands: never[]) => unknown>>
  /** Whether an encoding that starts with this half-word has four bytes. */
  isLong(halfword: number): boolean
  /** Declares the host functions in `imports` and returns what defines the translation once all imports are declared. */
  declare(module: ModuleBuilder): { translation(): Translation; helpers(): Readonly<Record<string, FunctionRef>> }
  /** Cause of a fetch from an address that is not RAM. */
  readonly fetchFault: number
}

interface Exports {
  readonly interpret: (cpu: number) => number
  readonly translate: (cpu: number, address: bigint, kind: number) => bigint
  readonly fill: (address: number, byte: number, length: number) => void
}

/**
 * `interpreter`: nothing is translated. `translator`: hot code is. `eager`: whatever is met at a look every hundred
 * instructions is, which is slow, and meant for tests.
 */
export type Engine = 'interpreter' | 'translator' | 'eager'

export interface CoreOptions {
  readonly engine: Engine
}

/** How many pages of pre-decoded code a CPU keeps: 32 MiB of slots, or 64 where regions depend on them. */
const cachedPages = (engine: Engine): number => (engine === 'interpreter' ? 1024 : 2048)
/** Private memory for the tables of translated regions. */
const translatorAreaBytes = 1 << 20
/** How many instructions pass between looks at where the CPU is: while it interprets, and at most. */
const sampleInstructions = 20_000
const mostInstructions = 1_000_000
const eagerInstructions = 100
/** How many instructions are decoded at a time. */
const decodeAhead = 64

/**
 * One CPU's engine: its state block, translation tables, pre-decoded code and the emitted interpreter. It executes
 * until something needs the ISA's host-side code. It knows no instruction set but through {@link CoreIsa}.
 */
export class Core {
  /** Bytes of private memory a machine with `cpus` such CPUs must reserve in its `GuestMemory`. */
  static reservedBytes(isa: Pick<CoreIsa, 'modes' | 'areaBytes'>, cpus: number, ramSize: number): number {
    const each = CodeCache.bytes(cachedPages('translator')) + isa.modes * tlbBlockBytes + pageBytes + isa.areaBytes + regionMapEntries * 8 + translatorAreaBytes + 1024
    return CodeCache.sharedBytes(ramSize) + cpus * each
  }

  readonly memory: GuestMemory
  /** Offset of the CPU's block. */
  readonly block: number
  /** The ISA's private memory. */
  readonly isaArea: number
  /** All of linear memory. */
  readonly view: DataView
  readonly #isa: CoreIsa
  readonly #exports: Exports
  readonly #cache: CodeCache
  readonly #numbers: ReturnType<typeof assignHandlers>['numbers']
  readonly #scratch: number
  /** What was decoded into it. */
  #aloneBits = 0
  readonly tables: TranslationTables
  readonly translator: Translator | undefined
  readonly #eager: boolean
  #sampleEvery: number
  #untilSample: number

  constructor(memory: GuestMemory, isa: CoreIsa, options: CoreOptions) {
    this.memory = memory
    this.#isa = isa
    this.#eager = options.engine === 'eager'
    this.#sampleEvery = this.#eager ? eagerInstructions : sampleInstructions
    this.#untilSample = this.#sampleEvery
    this.view = new DataView(memory.memory.buffer)
    this.#cache = new CodeCache(
      memory,
      cachedPages(options.engine),
      (address, length) => {
        this.#exports.fill(address, 0, length)
      },
      () => {
        this.tables.flushTable(codeTable)
        this.translator?.reset()
      },
      () => {
        this.tables.flushTable(writeTable)
      },
    )
    this.block = this.#cache.block
    this.#scratch = memory.reserve(pageBytes + 4 * slotBytes, 64) + pageBytes
    this.isaArea = memory.reserve(isa.areaBytes, 64)

    const { numbers, entries } = assignHandlers(isa.decoder.rows)
    this.#numbers = numbers
    const module = new ModuleBuilder({ pages: memory.memory.buffer.byteLength / 65536, shared: memory.shared })
    const codeWritten = module.import('code_written', ['i32'], undefined)
    const declared = isa.declare(module)
    const translation = declared.translation()
    const access = defineAccess(module, translation, codeWritten)
    const helpers = declared.helpers()
    const map = memory.reserve(regionMapEntries * 8, 64)
    const signature = module.signature(['i32', 'i32', 'i64'], undefined)
    const interpret = defineInterpreter(module, { entries, access, helpers, stateCells: isa.stateCells, regions: { map, signature } })
    module.export('interpret', interpret)
    module.export('translate', translation.translate)
    const shared: Record<string, FunctionRef> = { ...helpers, load_slow: access.loadSlow, store_slow: access.storeSlow, atomic_place: access.atomicPlace }
    for (const [name, target] of Object.entries(shared)) module.export(name, target)
    // On shared memory, a typed array's own `fill` is many times slower.
    module.export('fill', module.function('fill', ['i32', 'i32', 'i32'], undefined, (c, address, byte, length) => {
      c.fill(address, byte, length)
    }))
    const table = new webAssembly.Table({ element: 'anyfunc', initial: 64 })
    const compiled = new webAssembly.Module(module.encode({ branchHints: true }))
    const instance: WasmInstance = new webAssembly.Instance(compiled, {
      host: {
        memory: memory.memory,
        table,
        code_written: (page: number) => {
          this.#cache.written(page)
        },
        ...isa.imports,
      },
    })
    this.#exports = instance.exports as unknown as Exports

    this.setCell64(cells.ramBase, BigInt(memory.base))
    this.setCell64(cells.ramSize, BigInt(memory.size))
    this.setCell(cells.ramOffset, memory.offset)
    this.setCell(cells.pageFlags, this.#cache.flags)
    this.tables = new TranslationTables({
      view: this.view,
      start: memory.reserve(isa.modes * tlbBlockBytes, 64),
      modes: isa.modes,
      fill: this.#exports.fill,
      useBlock: (address) => {
        this.setCell(cells.tlb, address)
      },
      useEpoch: (epoch) => {
        this.setCell(cells.epoch, epoch)
      },
    })

    if (options.engine === 'interpreter') return
    const functions: Record<string, { readonly ref: FunctionRef; readonly value: unknown }> = {
      revalidate: {
        ref: { index: 0, parameters: ['i32', 'i64'], result: 'i32' },
        value: (region: number, base: bigint) => (this.translator?.revalidate(region, base) === true ? 1 : 0),
      },
    }
    for (const [name, ref] of Object.entries(shared)) functions[name] = { ref, value: instance.exports[name] }
    this.translator = new Translator(
      {
        memory: memory.memory,
        view: this.view,
        cache: this.#cache,
        table,
        map,
        area: { start: memory.reserve(translatorAreaBytes, 64), bytes: translatorAreaBytes },
        files: isa.files,
        stateCells: isa.stateCells,
        functions,
        accessNames: { loadSlow: 'load_slow', storeSlow: 'store_slow', atomicPlace: 'atomic_place' },
        shared: memory.shared,
        pages: memory.memory.buffer.byteLength / 65536,
        decode: (page, offset) => this.#decodeAt(page, offset),
        codePage: (address) => this.#codePage(address),
        probe: (address) => this.#probe(address),
        epoch: () => this.cell(cells.epoch),
      },
      this.#eager,
    )
    this.translator.reset()
  }

  cell(offset: number): number {
    return this.view.getInt32(this.block + offset, true)
  }
  setCell(offset: number, value: number): void {
    this.view.setInt32(this.block + offset, value, true)
  }
  /** A 64-bit cell, unsigned. */
  cell64(offset: number): bigint {
    return this.view.getBigUint64(this.block + offset, true)
  }
  setCell64(offset: number, value: bigint): void {
    this.view.setBigUint64(this.block + offset, value, true)
  }

  /**
   * Executes from cell `pc` until `leave.budget`, `service`, `trap`, `device` or `illegal`. Cell `budget` says how many
   * instructions may retire, and afterwards how many were left.
   */
  run(): number {
    if (this.translator === undefined) return this.#execute()
    // A region would take a device's refusal and leave the instruction to the interpreter, which would ask again.
    if (this.cell(cells.deviceAnswer) !== deviceAnswer.none) this.setCell64(cells.single, this.cell64(cells.pc))
    for (let left = this.cell(cells.budget); ; ) {
      const chunk = Math.min(left, this.#untilSample)
      this.setCell(cells.budget, chunk)
      this.setCell(cells.starved, 0)
      const why = this.#execute()
      const done = chunk - this.cell(cells.budget)
      left -= done
      this.#untilSample -= done
      if (this.#untilSample === 0 && why === leave.budget) this.#sample(this.translator)
      if (why !== leave.budget || left === 0) {
        this.setCell(cells.budget, left)
        return why
      }
    }
  }

  /** Looks where the CPU is, and again the sooner the more it interprets. */
  #sample(translator: Translator): void {
    const inRegion = this.cell(cells.starved) !== 0
    if (!this.#eager) this.#sampleEvery = inRegion ? Math.min(mostInstructions, this.#sampleEvery * 2) : sampleInstructions
    this.#untilSample = this.#sampleEvery
    const at = this.cell(cells.slot)
    if (!inRegion && this.#cache.holds(at)) translator.sample(at, this.cell64(cells.pc))
  }

  #execute(): number {
    for (;;) {
      const why = this.#exports.interpret(this.block)
      switch (why) {
        case leave.fetch:
          if (!this.#fetch()) return leave.trap
          break
        case leave.decode:
          this.#decode()
          break
        case leave.straddle:
        case leave.again: {
          const result = this.#alone()
          if (result !== leave.budget) return result
          break
        }
        default:
          return why
      }
    }
  }

  /** The encoding of the instruction at which `run` returned `service` or `illegal`. */
  encoding(): number {
    const at = this.cell(cells.slot)
    const handler = this.view.getUint16(at + slot.handler, true)
    if (handler === handlers.service || handler === handlers.illegal) return this.view.getInt32(at + slot.immediate, true) >>> 0
    // One that is illegal only in the CPU's present state: its slot holds operands instead.
    if (at === this.#scratch) return this.#aloneBits
    const { page, offset } = this.#cache.locate(at)
    const first = page * 4096 + offset
    const low = this.memory.view.getUint16(first, true)
    return this.#isa.isLong(low) ? this.memory.view.getUint32(first, true) : low
  }

  /** Answers a pending device access; the instruction is executed again and takes the answer. */
  answerDevice(value: bigint | undefined): void {
    if (value !== undefined) this.setCell64(cells.deviceValue, BigInt.asUintN(64, value))
    this.setCell(cells.deviceAnswer, value === undefined ? deviceAnswer.refused : deviceAnswer.ready)
  }

  /** The guest-physical address an instruction fetch at `address` goes to, or undefined with the fault in the cells. */
  fetchAddress(address: bigint): number | undefined {
    const physical = this.#exports.translate(this.block, BigInt.asIntN(64, address), 2)
    if (this.cell(cells.fault) !== 0) return undefined
    const at = Number(BigInt.asUintN(64, physical))
    if (this.memory.contains(at, 2)) return at
    this.setCell(cells.cause, this.#isa.fetchFault)
    this.setCell64(cells.trapValue, BigInt.asUintN(64, address))
    return undefined
  }

  /** The RAM page that code at `address` was last fetched from, if the table still knows it. */
  #codePage(address: bigint): number | undefined {
    const entry = this.tables.codeEntry(address)
    if (this.view.getBigUint64(entry, true) !== (address & ~0xfffn)) return undefined
    return this.#cache.locate(this.view.getInt32(entry + 8, true)).page
  }

  /** The RAM page of a fetch from `address`, without marking page table entries. */
  #probe(address: bigint): number | undefined {
    const kept = [this.cell(cells.cause), this.cell64(cells.trapValue)] as const
    const physical = Number(BigInt.asUintN(64, this.#exports.translate(this.block, BigInt.asIntN(64, address), 2 | 4)))
    const failed = this.cell(cells.fault) !== 0
    this.setCell(cells.fault, 0)
    this.setCell(cells.cause, kept[0])
    this.setCell64(cells.trapValue, kept[1])
    return failed || !this.memory.contains(physical, 2) ? undefined : (physical - this.memory.base) >>> 12
  }

  /** The instruction at an offset of a RAM page, if it is wholly on it. */
  #decodeAt(page: number, offset: number): Operation | undefined {
    const ram = this.memory.view
    const start = page * 4096 + offset
    const low = ram.getUint16(start, true)
    if (!this.#isa.isLong(low)) return this.#isa.decoder.decode(low)
    return offset === 4094 ? undefined : this.#isa.decoder.decode((low | (ram.getUint16(start + 2, true) << 16)) >>> 0)
  }

  /** Finds the slots of the page of `pc`. */
  #fetch(): boolean {
    const pc = this.cell64(cells.pc)
    const physical = this.fetchAddress(pc)
    if (physical === undefined) return false
    const slots = this.#cache.slots((physical - this.memory.base) >>> 12)
    const entry = this.tables.codeEntry(pc)
    this.view.setBigUint64(entry, pc & ~0xfffn, true)
    this.view.setInt32(entry + 8, slots, true)
    return true
  }

  /** Decodes from the slot the interpreter stopped at onwards, to what is decoded already or the page's end. */
  #decode(): void {
    let address = this.cell(cells.slot)
    const { page, offset } = this.#cache.locate(address)
    const ram = this.memory.view
    const start = page * 4096
    this.#cache.holdsCode(page)
    let at = offset
    for (let count = 0; count < decodeAhead && at < 4096; count++) {
      if (this.view.getUint16(address + slot.handler, true) !== handlers.undecoded) return
      const low = ram.getUint16(start + at, true)
      const long = this.#isa.isLong(low)
      if (long && at === 4094) {
        this.view.setUint16(address + slot.handler, handlers.straddle, true)
        return
      }
      const bits = long ? (low | (ram.getUint16(start + at + 2, true) << 16)) >>> 0 : low
      const operation = this.#isa.decoder.decode(bits)
      if (operation === undefined) {
        writeIllegalSlot(this.view, address, bits)
        return
      }
      writeSlot(this.view, address, operation, bits, this.#numbers, this.#isa.files, this.block, at)
      at += operation.length
      address += operation.length * (slotBytes / 2)
    }
  }

  /**
   * Executes the one instruction at `pc` outside of its page's slots: because its halves are on two pages, or because it
   * writes to the page it is on.
   */
  #alone(): number {
    const pc = this.cell64(cells.pc)
    const at = this.#cache.locate(this.cell(cells.slot))
    const ram = this.memory.view
    const first = at.page * 4096 + at.offset
    let bits = ram.getUint16(first, true)
    if (this.#isa.isLong(bits)) {
      const second = at.offset === 4094 ? this.fetchAddress(pc + 2n) : this.memory.base + first + 2
      if (second === undefined) return leave.trap
      bits = (bits | (ram.getUint16(second - this.memory.base, true) << 16)) >>> 0
    }
    this.#aloneBits = bits
    const operation = this.#isa.decoder.decode(bits)
    if (operation === undefined) writeIllegalSlot(this.view, this.#scratch, bits)
    else {
      writeSlot(this.view, this.#scratch, operation, bits, this.#numbers, this.#isa.files, this.block, undefined)
      this.view.setUint16(this.#scratch + operation.length * (slotBytes / 2) + slot.handler, handlers.pageEnd, true)
    }
    // For one instruction, the page's slots are elsewhere.
    const entry = this.tables.codeEntry(pc)
    const slots = this.view.getInt32(entry + 8, true)
    const budget = this.cell(cells.budget)
    this.view.setInt32(entry + 8, this.#scratch - at.offset * (slotBytes / 2), true)
    this.setCell(cells.budget, 1)
    const why = this.#exports.interpret(this.block)
    this.setCell(cells.budget, budget - 1 + this.cell(cells.budget))
    this.view.setInt32(entry + 8, slots, true)
    // Where it went on to may not be known yet, or it dropped code again: no reason to stop here.
    return why === leave.fetch || why === leave.again ? leave.budget : why
  }
}
