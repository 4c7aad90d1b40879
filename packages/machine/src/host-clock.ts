import { OptionError } from './errors.ts'
import { StateReader } from './state-reader.ts'
import { TimerHeap } from './timer-heap.ts'
import type { Clock, Timer } from './clock.ts'
import type { SavedState, Stateful } from './state.ts'

export interface HostClockOptions {
  /** Ticks a second, a positive integer. */
  readonly frequency: number
  /** The host's time in milliseconds from any origin, steady (never set back), fractions welcome: `performance.now`. */
  readonly now: () => number
}

/** Time that passes as on the host. */
export class HostClock implements Clock, Stateful {
  readonly frequency: number
  readonly #host: () => number
  readonly #timers = new TimerHeap()
  #origin: number
  #start = 0
  #latest = 0

  constructor(options: HostClockOptions) {
    if (!Number.isSafeInteger(options.frequency) || options.frequency <= 0) {
      throw new OptionError('ERR_MACHINE_OPTION', `a clock's frequency must be a positive integer, not ${String(options.frequency)}`)
    }
    this.frequency = options.frequency
    this.#host = options.now
    this.#origin = this.#host()
  }

  now(): number {
    const ticks = this.#start + Math.floor(((this.#host() - this.#origin) * this.frequency) / 1000)
    if (ticks > this.#latest) this.#latest = ticks
    return this.#latest
  }

  schedule(at: number, fire: () => void): Timer {
    return this.#timers.schedule(at, fire)
  }

  nextDeadline(): number {
    return this.#timers.nextDeadline()
  }

  fireDue(): void {
    if (this.#timers.nextDeadline() < Infinity) this.#timers.fireDue(this.now())
  }

  retire(_instructions: number): void {
    // The host's time passes by itself.
  }

  instructionsUntilDeadline(): number {
    return Infinity
  }

  skipToDeadline(): boolean {
    return false
  }

  /** The ticks only: whoever has a timer pending schedules it again when it is restored. */
  save(): SavedState {
    return { version: 1, frequency: this.frequency, ticks: this.now() }
  }

  /** Time goes on from the saved tick. */
  restore(state: SavedState): void {
    const reader = new StateReader('the host clock', state, 1)
    reader.integer('frequency', this.frequency, this.frequency)
    const ticks = reader.integer('ticks', 0, Number.MAX_SAFE_INTEGER)
    this.#start = ticks
    this.#latest = ticks
    this.#origin = this.#host()
  }
}
