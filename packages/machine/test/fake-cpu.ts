import { Pin } from './support.ts'
import type { AccessWidth, Clock, Exit, SavedState, Vcpu } from '../src/index.ts'

/** What a fake program does next. `undefined` comes back for a refused access, else the results. */
export type Step =
  | { readonly do: 'work'; readonly instructions: number }
  | { readonly do: 'read'; readonly address: number; readonly width?: AccessWidth }
  | { readonly do: 'write'; readonly address: number; readonly value: bigint; readonly width?: AccessWidth }
  | { readonly do: 'call'; readonly arguments: readonly bigint[] }
  | { readonly do: 'wait' }
  | { readonly do: 'fault' }

export type Program = Generator<Step, void, readonly bigint[] | undefined>

/** A CPU whose program is a generator of steps. It counts and reports instructions as a real one does. */
export class FakeCpu implements Vcpu {
  readonly pin: Pin = new Pin()
  retired = 0
  /** Budgets of the calls of `run`. */
  readonly budgets: number[] = []
  readonly #clock: Clock
  readonly #program: Program
  #step: Step | undefined
  #worked = 0
  #interrupted = false

  constructor(clock: Clock, program: (cpu: FakeCpu) => Program) {
    this.#clock = clock
    this.#program = program(this)
    this.#next(undefined)
  }

  run(budget: number): Exit {
    this.budgets.push(budget)
    let left = budget
    for (;;) {
      if (this.#interrupted) {
        this.#interrupted = false
        return { kind: 'budget' }
      }
      const step = this.#step
      if (step === undefined) return { kind: 'idle' }
      if (left <= 0) return { kind: 'budget' }
      switch (step.do) {
        case 'work': {
          const now = Math.min(left, step.instructions - this.#worked)
          this.#retire(now)
          left -= now
          this.#worked += now
          if (this.#worked >= step.instructions) this.#next([])
          break
        }
        case 'wait':
          if (!this.pin.level) return { kind: 'idle' }
          this.#retire(1)
          left--
          this.#next([])
          break
        case 'read':
          return { kind: 'mmio-read', address: step.address, width: step.width ?? 4 }
        case 'write':
          return { kind: 'mmio-write', address: step.address, width: step.width ?? 4, value: step.value }
        case 'call':
          return { kind: 'hypercall', arguments: step.arguments }
        case 'fault':
          return { kind: 'fault', reason: 'the program says so', pc: 0x1234n }
      }
    }
  }

  complete(...results: readonly bigint[]): void {
    this.#retire(1)
    this.#next(results)
  }

  refuse(): void {
    this.#retire(1)
    this.#next(undefined)
  }

  interruptRun(): void {
    this.#interrupted = true
  }

  save(): SavedState {
    return { version: 1, retired: this.retired }
  }

  restore(): void {
    throw new Error('a generator cannot be restored')
  }

  #retire(instructions: number): void {
    this.retired += instructions
    this.#clock.retire(instructions)
  }

  #next(results: readonly bigint[] | undefined): void {
    this.#worked = 0
    const { done, value } = this.#program.next(results)
    this.#step = done === true ? undefined : value
  }
}
