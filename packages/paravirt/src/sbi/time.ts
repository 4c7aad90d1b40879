import { StateReader } from '@strata/machine'
import { ok } from './call.ts'
import type { Clock, SavedState, Stateful, Timer } from '@strata/machine'
import type { SbiExtension } from './call.ts'
import type { SbiCpu } from './cpu.ts'

const never = 0xffff_ffff_ffff_ffffn

/** Timer (SBI 3.0, chapter 6): one deadline a hart, on the clock that the guest reads as `time`. */
export class TimeExtension implements SbiExtension, Stateful {
  readonly id: bigint = 0x5449_4d45n
  readonly name: string = 'TIME'
  readonly functions: SbiExtension['functions'] = [
    ({ cpu, arguments: [deadline] }) => {
      this.#set(cpu, deadline)
      return ok()
    },
  ]
  readonly #clock: Clock
  readonly #cpus: readonly SbiCpu[]
  readonly #deadlines = new Map<SbiCpu, bigint>()
  readonly #timers = new Map<SbiCpu, Timer>()

  constructor(clock: Clock, cpus: readonly SbiCpu[]) {
    this.#clock = clock
    this.#cpus = cpus
  }

  /** The pending interrupt is cleared before a later deadline is armed; one that is past is pending at once. */
  #set(cpu: SbiCpu, deadline: bigint): void {
    this.#timers.get(cpu)?.cancel()
    this.#timers.delete(cpu)
    this.#deadlines.set(cpu, deadline)
    const due = deadline <= BigInt(this.#clock.now())
    cpu.timer.set(due)
    // The clock counts below 2^53; a deadline beyond is centuries away.
    if (due || deadline > BigInt(Number.MAX_SAFE_INTEGER)) return
    this.#timers.set(cpu, this.#clock.schedule(Number(deadline), () => {
      cpu.timer.set(true)
    }))
  }

  save(): SavedState {
    return { version: 1, deadlines: this.#cpus.map((cpu) => this.#deadlines.get(cpu) ?? never) }
  }

  /** Restore the clock first: deadlines are measured against it. */
  restore(state: SavedState): void {
    const deadlines = new StateReader('the SBI timers', state, 1).unsigneds('deadlines', this.#cpus.length, 64)
    this.#cpus.forEach((cpu, index) => {
      this.#set(cpu, deadlines[index] ?? never)
    })
  }
}
