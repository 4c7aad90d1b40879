import { OptionError } from './errors.ts'
import { StateReader } from './state-reader.ts'
import { TimerHeap } from './timer-heap.ts'
import type { Clock, Timer } from './clock.ts'
import type { SavedState, Stateful } from './state.ts'

export interface VirtualClockOptions {
  /** Ticks a second of the guest's time, a positive integer. */
  readonly frequency: number
  /** How many retired instructions make a tick, a positive integer: 10 at 10 MHz is a CPU of 100 million a second. */
  readonly instructionsPerTick: number
}

/** Time that passes as instructions retire, and jumps while all CPUs are idle: a run is repeatable bit for bit. */
export class VirtualClock implements Clock, Stateful {
  readonly frequency: number
  readonly instructionsPerTick: number
  readonly #timers = new TimerHeap()
  #ticks = 0
  /** Instructions since the last tick. */
  #partial = 0

  constructor(options: VirtualClockOptions) {
    for (const value of [options.frequency, options.instructionsPerTick]) {
      if (!Number.isSafeInteger(value) || value <= 0) {
        throw new OptionError('ERR_MACHINE_OPTION', `a virtual clock's frequency and instructions per tick must be positive integers, not ${String(value)}`)
      }
    }
    this.frequency = options.frequency
    this.instructionsPerTick = options.instructionsPerTick
  }

  now(): number {
    return this.#ticks
  }

  schedule(at: number, fire: () => void): Timer {
    return this.#timers.schedule(at, fire)
  }

  nextDeadline(): number {
    return this.#timers.nextDeadline()
  }

  fireDue(): void {
    this.#timers.fireDue(this.#ticks)
  }

  retire(instructions: number): void {
    const sum = this.#partial + instructions
    const ticks = Math.floor(sum / this.instructionsPerTick)
    this.#ticks = Math.min(this.#ticks + ticks, Number.MAX_SAFE_INTEGER)
    this.#partial = sum - ticks * this.instructionsPerTick
  }

  instructionsUntilDeadline(): number {
    return Math.max(1, (this.#timers.nextDeadline() - this.#ticks) * this.instructionsPerTick - this.#partial)
  }

  /** `false` if no timer is pending: then only input can wake the guest. */
  skipToDeadline(): boolean {
    const deadline = this.#timers.nextDeadline()
    if (deadline === Infinity) return false
    if (deadline > this.#ticks) {
      this.#ticks = Math.min(deadline, Number.MAX_SAFE_INTEGER)
      this.#partial = 0
    }
    return true
  }

  /** The time only: whoever has a timer pending schedules it again when it is restored. */
  save(): SavedState {
    return { version: 1, frequency: this.frequency, instructionsPerTick: this.instructionsPerTick, ticks: this.#ticks, partial: this.#partial }
  }

  restore(state: SavedState): void {
    const reader = new StateReader('the virtual clock', state, 1)
    reader.integer('frequency', this.frequency, this.frequency)
    reader.integer('instructionsPerTick', this.instructionsPerTick, this.instructionsPerTick)
    const ticks = reader.integer('ticks', 0, Number.MAX_SAFE_INTEGER)
    this.#partial = reader.integer('partial', 0, this.instructionsPerTick - 1)
    this.#ticks = ticks
  }
}
