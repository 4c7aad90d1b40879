import { OptionError } from './errors.ts'
import type { Bus } from './address-bus.ts'
import type { Clock } from './clock.ts'
import type { GuestStop } from './devices/sifive-test.ts'
import type { GuestMemory } from './memory.ts'
import type { Exit, Vcpu } from './vcpu.ts'

/** Why a run ended. */
export type StopReason =
  /** The guest powered off, asked for a reset, or reported failure with a code. */
  | GuestStop
  /** A CPU can make no progress. */
  | { readonly kind: 'fault'; readonly vcpu: number; readonly reason: string; readonly pc: bigint }
  /** The signal was aborted. */
  | { readonly kind: 'abort' }
  /** `maxInstructions` were retired; `run` again to go on. */
  | { readonly kind: 'limit' }

/** The part of an `AbortSignal` that is used. */
export interface AbortSignalLike {
  readonly aborted: boolean
  addEventListener(type: 'abort', listener: () => void): void
  removeEventListener(type: 'abort', listener: () => void): void
}

/** What the loop needs of the host. It has no influence on a run under virtual time but for when input arrives. */
export interface MachineHost {
  /** Milliseconds from any origin, steady: `performance.now`. */
  now(): number
  /** Lets the host handle its events, and comes back. */
  yield(): Promise<void>
  /** Comes back after about `milliseconds` (0 to 2^31-1), or as soon as `wake` resolves. */
  sleep(milliseconds: number, wake: Promise<void>): Promise<void>
}

/** Answers a guest's call of its hypervisor: the CPU's index and the argument registers in, the result registers out. */
export type HypercallHandler = (vcpu: number, args: readonly bigint[]) => readonly bigint[]

export interface MachineOptions {
  readonly memory: GuestMemory
  readonly bus: Bus
  readonly clock: Clock
  /** At least one. */
  readonly vcpus: readonly Vcpu[]
  /** Without one, hypercalls are refused: the guest gets its CPU's access fault. */
  readonly hypercall?: HypercallHandler
}

export interface RunOptions {
  readonly host: MachineHost
  readonly signal?: AbortSignalLike
  /** Instructions a CPU may retire before the next one's turn, and before due timers fire under host time; 200,000 unless given. */
  readonly sliceInstructions?: number
  /** Ends the run after so many instructions of all CPUs together. */
  readonly maxInstructions?: number
  /** How long the host's event loop is kept waiting, in milliseconds; 10 unless given. */
  readonly yieldMilliseconds?: number
}

/** What an exit costs of a slice, in instructions: a guest that does nothing but access devices must not hold up the rest. */
const exitCost = 100
const longestSleep = 0x7fff_ffff

/** A board with its CPUs, and the loop that runs them in turn, answers their exits, and keeps time. */
export class Machine {
  readonly memory: GuestMemory
  readonly bus: Bus
  readonly clock: Clock
  readonly vcpus: readonly Vcpu[]
  readonly #hypercall: HypercallHandler | undefined
  #running = false
  #stop: StopReason | undefined
  #woken = false
  #wakeSleeper: (() => void) | undefined

  constructor(options: MachineOptions) {
    if (options.vcpus.length === 0) throw new OptionError('ERR_MACHINE_OPTION', 'a machine needs at least one CPU')
    this.memory = options.memory
    this.bus = options.bus
    this.clock = options.clock
    this.vcpus = options.vcpus
    this.#hypercall = options.hypercall
  }

  /** Instructions retired by all CPUs since reset. */
  get retired(): number {
    return this.vcpus.reduce((sum, vcpu) => sum + vcpu.retired, 0)
  }

  /** Ends the current run, or the next one at once. The first reason counts. For devices and hypercall handlers. */
  stop(reason: StopReason): void {
    this.#stop ??= reason
    for (const vcpu of this.vcpus) vcpu.interruptRun()
    this.wake()
  }

  /** Looks at the CPUs again if all were idle. Whoever raises an interrupt from outside of the loop, with input for example, calls it. */
  wake(): void {
    this.#woken = true
    this.#wakeSleeper?.()
  }

  /**
   * Runs until the guest stops, faults, or is stopped. Can be called again afterwards. Throws `ERR_MACHINE_OPTION` for
   * options out of range or if it is running already; what a device or CPU throws ends the run and is thrown on.
   */
  async run(options: RunOptions): Promise<StopReason> {
    const { host, signal, sliceInstructions = 200_000, maxInstructions = Infinity, yieldMilliseconds = 10 } = options
    if (!Number.isSafeInteger(sliceInstructions) || sliceInstructions < 1) throw new OptionError('ERR_MACHINE_OPTION', `a slice must be a positive integer of instructions, not ${String(sliceInstructions)}`)
    if (maxInstructions !== Infinity && (!Number.isSafeInteger(maxInstructions) || maxInstructions < 0)) {
      throw new OptionError('ERR_MACHINE_OPTION', `the limit of instructions must be a non-negative integer or Infinity, not ${String(maxInstructions)}`)
    }
    if (this.#running) throw new OptionError('ERR_MACHINE_OPTION', 'the machine is running already: await its run first')
    const abort = (): void => { this.stop({ kind: 'abort' }) }
    this.#running = true
    signal?.addEventListener('abort', abort)
    try {
      if (signal?.aborted === true) abort()
      const until = this.retired + maxInstructions
      let lastYield = host.now()
      for (;;) {
        const idle = this.#round(sliceInstructions, until)
        if (this.#stop !== undefined) return this.#stop
        if (this.retired >= until) return { kind: 'limit' }
        if (idle && !this.clock.skipToDeadline() && !this.#takeWake()) {
          await this.#sleep(host)
          lastYield = host.now()
        } else if (host.now() - lastYield >= yieldMilliseconds) {
          await host.yield()
          lastYield = host.now()
        }
      }
    } finally {
      signal?.removeEventListener('abort', abort)
      this.#running = false
      this.#stop = undefined
    }
  }

  /** Whether somebody called `wake` since the last time; then the CPUs are looked at once more before sleeping. */
  #takeWake(): boolean {
    const woken = this.#woken
    this.#woken = false
    return woken
  }

  /** A slice for every CPU. True if none of them had anything to do and no timer was due. */
  #round(slice: number, until: number): boolean {
    let idle = true
    for (let index = 0; index < this.vcpus.length; index++) {
      if (this.clock.nextDeadline() <= this.clock.now()) {
        this.clock.fireDue()
        idle = false
      }
      const budget = Math.min(slice, until - this.retired)
      if (this.#stop !== undefined || budget <= 0) return false
      if (!this.#slice(index, budget)) idle = false
    }
    return idle
  }

  /** Runs one CPU until its budget is used up or it idles. True if it idled at once. */
  #slice(index: number, budget: number): boolean {
    const vcpu = this.vcpus[index]
    if (vcpu === undefined) return true
    let left = budget
    let idledAtOnce = true
    while (left > 0 && this.#stop === undefined) {
      const before = vcpu.retired
      const exit = vcpu.run(Math.min(left, this.clock.instructionsUntilDeadline()))
      const retired = vcpu.retired - before
      if (retired > 0) idledAtOnce = false
      left -= retired
      if (exit.kind === 'idle') return idledAtOnce
      idledAtOnce = false
      if (exit.kind === 'budget') return false
      left -= exitCost
      this.#answer(index, vcpu, exit)
      // The last instruction, or the answer, may have brought a deadline: its timer fires before the next instruction.
      this.clock.fireDue()
    }
    return false
  }

  #answer(index: number, vcpu: Vcpu, exit: Exclude<Exit, { kind: 'idle' | 'budget' }>): void {
    switch (exit.kind) {
      case 'mmio-read': {
        const value = this.bus.read(exit.address, exit.width)
        if (value === undefined) vcpu.refuse()
        else vcpu.complete(value)
        break
      }
      case 'mmio-write':
        if (this.bus.write(exit.address, exit.width, exit.value)) vcpu.complete()
        else vcpu.refuse()
        break
      case 'hypercall':
        if (this.#hypercall === undefined) vcpu.refuse()
        else vcpu.complete(...this.#hypercall(index, exit.arguments))
        break
      case 'fault':
        this.stop({ kind: 'fault', vcpu: index, reason: exit.reason, pc: exit.pc })
        break
    }
  }

  async #sleep(host: MachineHost): Promise<void> {
    const ticks = this.clock.nextDeadline() - this.clock.now()
    const milliseconds = Math.min(Math.max(0, (ticks / this.clock.frequency) * 1000), longestSleep)
    const wake = new Promise<void>((resolve) => {
      this.#wakeSleeper = resolve
    })
    try {
      await host.sleep(milliseconds, wake)
    } finally {
      this.#wakeSleeper = undefined
      this.#woken = false
    }
  }
}
