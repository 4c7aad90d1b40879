import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { MemoryConsole, VirtualClock } from '@strata/machine'
import type { SavedState, StopReason } from '@strata/machine'
import type { VirtBoard } from '../../src/index.ts'
import type { Tier } from './tiers.ts'
import { assemble } from './toolchain.ts'
import type { Program } from './toolchain.ts'

const prelude = readFileSync(join(import.meta.dirname, '../guests/prelude.S'), 'utf8')
export const ramBase = 0x8000_0000
const ramBytes = 0x80_0000
const mostInstructions = 2_000_000

/** Small guests by name, in GNU assembly with the prelude's macros; each falls out of its end if it passes. */
export type Guests = Readonly<Record<string, string>>

const labelOf = (index: number): string => `guest_${index}`

/** Assembles guests into one image. */
export const assembleGuests = (guests: Guests): Program =>
  assemble([prelude, ...Object.values(guests).map((code, index) => `.option norvc\n.balign 4096\n.set number, 0\n${labelOf(index)}:\n${code}\npass\n`)].join('\n'), ramBase)

/** How a guest ended. */
export interface GuestEnd {
  readonly stop: StopReason | { readonly kind: 'asleep' }
  /** What to tell of a failed check, or of a guest that did not end by itself. */
  readonly report: string
}

/** A board that runs one guest after the other, each from power-on. */
export class GuestBoard {
  readonly board: VirtBoard
  readonly #program: Program
  readonly #names: readonly string[]
  readonly #initial: SavedState

  constructor(tier: Tier, guests: Guests) {
    this.#program = assembleGuests(guests)
    this.#names = Object.keys(guests)
    this.board = tier.board({
      ram: ramBytes,
      clock: new VirtualClock({ frequency: 10_000_000, instructionsPerTick: 10 }),
      wallClock: () => 0n,
      serial: [new MemoryConsole()],
    })
    this.#initial = this.board.save()
  }

  /** Address of a symbol. */
  symbol(name: string): bigint {
    const address = this.#program.symbols.get(name)
    if (address === undefined) throw new Error(`no symbol ${name}`)
    return address
  }

  /** Puts a guest at its start: in the prelude, unless `bare`. */
  begin(name: string, bare = false): void {
    const { board } = this
    const entry = this.symbol(labelOf(this.#names.indexOf(name)))
    board.restore(this.#initial)
    board.memory.write(ramBase, this.#program.bytes)
    board.harts[0]!.reset({ pc: bare ? entry : this.symbol('begin'), privilege: 'machine', arguments: [entry] })
  }

  async run(name: string, maxInstructions: number = mostInstructions): Promise<GuestEnd> {
    this.begin(name)
    return this.go(maxInstructions)
  }

  /** Runs on from where the guest is. */
  async go(maxInstructions: number = mostInstructions): Promise<GuestEnd> {
    const { board } = this
    const hart = board.harts[0]!
    const sleep = { came: false }
    const stop = await board.machine.run({
      host: {
        now: () => performance.now(),
        yield: () => Promise.resolve(),
        sleep: () => {
          sleep.came = true
          board.machine.stop({ kind: 'abort' })
          return Promise.resolve()
        },
      },
      maxInstructions,
    })
    const hex = (value: bigint): string => `0x${value.toString(16)}`
    const what = stop.kind === 'fail' ? `check ${stop.code} failed: it came` : `${sleep.came ? 'asleep' : stop.kind}: s7 is`
    const noted = [18, 19, 20, 21, 22].map((index) => hex(hart.register(index))).join(' ')
    const report = `${what} ${hex(hart.register(23))}; last trap's cause, pc, value, status, mode: ${noted}; pc ${hex(hart.pc)}`
    return { stop: sleep.came ? { kind: 'asleep' } : stop, report }
  }
}
