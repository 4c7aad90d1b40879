import { OptionError } from '../errors.ts'
import { StateReader } from '../state-reader.ts'
import type { DeviceWidth, MmioDevice } from '../bus.ts'
import type { DeviceTreeNode } from '../device-tree/node.ts'
import type { IrqLine } from '../irq.ts'
import type { SavedState, Stateful } from '../state.ts'

const pendingAt = 0x1000
const enablesAt = 0x2000
const enablesStride = 0x80
const contextsAt = 0x20_0000
const contextStride = 0x1000
const maximumContexts = 15_872
const maximumSources = 1023
const words = 32
/** Priorities and thresholds are three bits, as on the SiFive parts. */
const priorityMask = 7

interface Context {
  readonly output: IrqLine
  readonly enabled: Uint32Array
  threshold: number
}

export interface PlicOptions {
  /** How many interrupt sources there are, 1 to 1023; they are numbered from 1. */
  readonly sources: number
  /** One output for each context, in the order of the device tree's `interrupts-extended`; 1 to 15872. */
  readonly contexts: readonly IrqLine[]
}

/**
 * The Platform-Level Interrupt Controller, specification 1.0.0, with level-triggered gateways: a source's high line
 * makes it pending once, and again after completion if the line is still high. A request that was made stays pending
 * until it is claimed, even if the line falls.
 */
export class Plic implements MmioDevice, Stateful {
  readonly sources: number
  /** Bytes the device takes on a bus. */
  readonly size: number
  readonly #contexts: readonly Context[]
  readonly #priorities: Uint8Array
  readonly #pending = new Uint32Array(words)
  readonly #inService = new Uint32Array(words)
  readonly #levels = new Uint32Array(words)

  constructor(options: PlicOptions) {
    if (!Number.isInteger(options.sources) || options.sources < 1 || options.sources > maximumSources) {
      throw new OptionError('ERR_MACHINE_OPTION', `an interrupt controller has 1 to ${String(maximumSources)} sources, not ${String(options.sources)}`)
    }
    if (options.contexts.length < 1 || options.contexts.length > maximumContexts) {
      throw new OptionError('ERR_MACHINE_OPTION', `an interrupt controller has 1 to ${String(maximumContexts)} contexts, not ${String(options.contexts.length)}`)
    }
    this.sources = options.sources
    this.#priorities = new Uint8Array(options.sources + 1)
    this.#contexts = options.contexts.map((output) => ({ output, enabled: new Uint32Array(words), threshold: 0 }))
    this.size = Math.max(0x60_0000, contextsAt + contextStride * options.contexts.length)
  }

  /** The input of a source, 1 to `sources`. */
  line(source: number): IrqLine {
    if (!Number.isInteger(source) || source < 1 || source > this.sources) {
      throw new OptionError('ERR_MACHINE_OPTION', `interrupt sources are 1 to ${String(this.sources)}, not ${String(source)}`)
    }
    return {
      set: (level) => {
        if (has(this.#levels, source) === level) return
        put(this.#levels, source, level)
        if (level) this.#request(source)
      },
    }
  }

  read(offset: number, width: DeviceWidth): number {
    if (width !== 4 || offset % 4 !== 0) return 0
    if (offset < pendingAt) return this.#priorities[offset / 4] ?? 0
    if (offset < enablesAt) return this.#pending[(offset - pendingAt) / 4] ?? 0
    if (offset < contextsAt) return this.#contexts[Math.floor((offset - enablesAt) / enablesStride)]?.enabled[((offset - enablesAt) % enablesStride) / 4] ?? 0
    const context = this.#contexts[Math.floor((offset - contextsAt) / contextStride)]
    const register = (offset - contextsAt) % contextStride
    if (context === undefined) return 0
    return register === 0 ? context.threshold : register === 4 ? this.#claim(context) : 0
  }

  write(offset: number, width: DeviceWidth, value: number): void {
    if (width !== 4 || offset % 4 !== 0) return
    if (offset < pendingAt) {
      const source = offset / 4
      if (source >= 1 && source <= this.sources) {
        this.#priorities[source] = value & priorityMask
        this.#updateAll()
      }
    } else if (offset < enablesAt) {
      // Pending bits are cleared by claims only.
    } else if (offset < contextsAt) {
      const context = this.#contexts[Math.floor((offset - enablesAt) / enablesStride)]
      const word = ((offset - enablesAt) % enablesStride) / 4
      if (context === undefined) return
      context.enabled[word] = value & this.#existing(word)
      this.#update(context)
    } else {
      const context = this.#contexts[Math.floor((offset - contextsAt) / contextStride)]
      const register = (offset - contextsAt) % contextStride
      if (context === undefined) return
      if (register === 0) {
        context.threshold = value & priorityMask
        this.#update(context)
      } else if (register === 4) this.#complete(context, value)
    }
  }

  /**
   * Adds `interrupt-controller@…` to a bus node. `targets` are the CPUs' interrupt controllers and their inputs, one for
   * each context. The property that holds the number of sources carries a vendor prefix that guests expect, so the
   * caller names it.
   */
  describe(
    parent: DeviceTreeNode,
    at: {
      readonly address: number
      readonly targets: readonly (readonly [controller: DeviceTreeNode, interrupt: number])[]
      readonly sourcesProperty: string
    },
  ): DeviceTreeNode {
    if (at.targets.length !== this.#contexts.length) {
      throw new OptionError('ERR_MACHINE_OPTION', `the interrupt controller has ${String(this.#contexts.length)} contexts, but ${String(at.targets.length)} targets are described`)
    }
    return parent
      .child(`interrupt-controller@${at.address.toString(16)}`)
      .string('compatible', 'sifive,plic-1.0.0')
      .reg([at.address, this.size])
      .flag('interrupt-controller')
      .cells('#interrupt-cells', 1)
      .cells('#address-cells', 0)
      .cells('interrupts-extended', ...at.targets.flat())
      .cells(at.sourcesProperty, this.sources)
  }

  save(): SavedState {
    return {
      version: 1,
      priorities: this.#priorities.slice(),
      pending: [...this.#pending],
      inService: [...this.#inService],
      levels: [...this.#levels],
      contexts: this.#contexts.map((context) => ({ version: 1, enabled: [...context.enabled], threshold: context.threshold })),
    }
  }

  restore(state: SavedState): void {
    const reader = new StateReader('plic', state, 1)
    const bits = (from: StateReader, key: string): number[] => {
      const values = from.integers(key, words, 0, 0xffff_ffff)
      if (values.some((value, word) => (value & ~this.#existing(word)) !== 0)) from.refuse(key, `bits of sources 1 to ${String(this.sources)}`)
      return values
    }
    const priorities = reader.bytes('priorities', this.sources + 1)
    if (priorities.length !== this.sources + 1 || priorities.some((priority) => priority > priorityMask)) reader.refuse('priorities', `${String(this.sources + 1)} priorities`)
    const pending = bits(reader, 'pending')
    const inService = bits(reader, 'inService')
    const levels = bits(reader, 'levels')
    const contexts = reader.states('contexts', this.#contexts.length).map((saved) => {
      const context = new StateReader('a plic context', saved, 1)
      return { enabled: bits(context, 'enabled'), threshold: context.integer('threshold', 0, priorityMask) }
    })
    this.#priorities.set(priorities)
    this.#pending.set(pending)
    this.#inService.set(inService)
    this.#levels.set(levels)
    this.#contexts.forEach((context, index) => {
      context.enabled.set(contexts[index]?.enabled ?? [])
      context.threshold = contexts[index]?.threshold ?? 0
    })
    this.#updateAll()
  }

  /** Which bits of a word of sources stand for one: source 0 does not exist. */
  #existing(word: number): number {
    const count = Math.min(Math.max(this.sources + 1 - word * 32, 0), 32)
    const mask = count === 32 ? 0xffff_ffff : 2 ** count - 1
    return word === 0 ? mask & ~1 : mask | 0
  }

  /** The gateway: forwards a request unless one is on its way already. */
  #request(source: number): void {
    if (has(this.#pending, source) || has(this.#inService, source)) return
    put(this.#pending, source, true)
    this.#updateAll()
  }

  /** The pending and enabled source of the highest priority above `threshold`, the lowest number of equals; 0 if none. */
  #best(context: Context, threshold: number): number {
    let best = 0
    let bestPriority = threshold
    for (let word = 0; word * 32 <= this.sources; word++) {
      let candidates = (this.#pending[word] ?? 0) & (context.enabled[word] ?? 0)
      while (candidates !== 0) {
        const bit = 31 - Math.clz32(candidates & -candidates)
        candidates &= candidates - 1
        const priority = this.#priorities[word * 32 + bit] ?? 0
        if (priority > bestPriority) {
          best = word * 32 + bit
          bestPriority = priority
        }
      }
    }
    return best
  }

  /** The threshold does not apply to claims (chapter 8, interrupt claim process). */
  #claim(context: Context): number {
    const source = this.#best(context, 0)
    if (source !== 0) {
      put(this.#pending, source, false)
      put(this.#inService, source, true)
      this.#updateAll()
    }
    return source
  }

  /** A completion of a source the context has not enabled is ignored (chapter 9). */
  #complete(context: Context, source: number): void {
    if (source < 1 || source > this.sources || !has(context.enabled, source) || !has(this.#inService, source)) return
    put(this.#inService, source, false)
    if (has(this.#levels, source)) this.#request(source)
  }

  #updateAll(): void {
    for (const context of this.#contexts) this.#update(context)
  }

  #update(context: Context): void {
    context.output.set(this.#best(context, context.threshold) !== 0)
  }
}

const has = (bits: Uint32Array, index: number): boolean => (((bits[index >> 5] ?? 0) >>> (index & 31)) & 1) === 1

const put = (bits: Uint32Array, index: number, value: boolean): void => {
  const word = bits[index >> 5] ?? 0
  bits[index >> 5] = value ? word | (1 << (index & 31)) : word & ~(1 << (index & 31))
}
