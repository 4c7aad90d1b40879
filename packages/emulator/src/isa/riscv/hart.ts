import type { AccessWidth, Clock, Exit, GuestMemory, IrqLine, SavedState, Stateful, Vcpu } from '@strata/machine'
import { cells, deviceAnswer, leave } from '../../engine/layout.ts'
import type { Engine } from '../../engine/core.ts'
import type { InstructionSet } from './extensions.ts'
import { instructionSet } from './extensions.ts'
import { HartState, reservedBytes } from './hart-state.ts'
import type { InterruptName, Privilege } from './privilege.ts'
import { machine, supervisor, user } from './privilege.ts'
import { packHart, unpackHart } from './saved-hart.ts'
import { services } from './services.ts'
import type { Service, ServiceHart } from './services.ts'
import { cause } from './walk.ts'

export interface HartOptions {
  /** RAM, created with at least `RiscvHart.reservedBytes` reserved. */
  readonly memory: GuestMemory
  readonly clock: Clock
  /** `mhartid`, from 0. */
  readonly id: number
  /** The instruction set; all extensions that exist unless given. */
  readonly instructions?: InstructionSet
  /** Environment calls from S leave as hypercall exits instead of trapping to M. */
  readonly hypercalls: boolean
  /** Whether hot code is translated to WebAssembly; `interpreter` unless given. */
  readonly engine?: Engine
}

const privilegeOf: Readonly<Record<'machine' | 'supervisor' | 'user', Privilege>> = { machine, supervisor, user }
/** A guest that takes this many traps without retiring an instruction between them will never get on. */
const fruitlessTraps = 1000

/** A RISC-V hart: RV64 with machine, supervisor and user modes, executed by the engine. */
export class RiscvHart implements Vcpu, Stateful, ServiceHart {
  /** Bytes a `GuestMemory` must reserve for this many harts. */
  static reservedBytes(harts: number, ramSize: number): number {
    return reservedBytes(harts, ramSize)
  }

  readonly id: number
  readonly instructions: InstructionSet
  readonly state: HartState
  readonly #clock: Clock
  readonly #hypercalls: boolean
  readonly #services = new Map<number, Service>()
  #waiting = false
  #started = true
  #stopRequested = false
  /** What `complete` finishes. */
  #open: 'none' | 'device' | 'hypercall' = 'none'
  #fruitless = 0
  #lastCause = 0

  constructor(options: HartOptions) {
    this.id = options.id
    this.instructions = options.instructions ?? instructionSet()
    this.#clock = options.clock
    this.#hypercalls = options.hypercalls
    this.state = new HartState(options.memory, options.clock, options.id, this.instructions, { engine: options.engine ?? 'interpreter' })
    this.reset({ pc: BigInt(options.memory.base), privilege: 'machine', arguments: [] })
  }

  get retired(): number {
    return this.state.retiredCount
  }

  /** One of the hart's interrupt pins. */
  line(name: InterruptName): IrqLine {
    return this.state.line(name)
  }

  /**
   * Puts the hart into its reset state, to start at `pc` with `arguments` in a0, a1, …. In supervisor mode it finds what
   * firmware would have left: everything delegated, all memory and counters open.
   */
  reset(options: { readonly pc: bigint; readonly privilege: keyof typeof privilegeOf; readonly arguments: readonly bigint[] }): void {
    this.state.reset(options.pc, privilegeOf[options.privilege])
    if (options.privilege !== 'machine') this.state.openToSupervisor()
    for (const [index, value] of options.arguments.entries()) this.state.setRegister(10 + index, value)
    this.#waiting = false
    this.#started = true
    this.#open = 'none'
  }

  /** HSM: whether it executes, or waits for `start`. */
  get status(): 'started' | 'stopped' {
    return this.#started ? 'started' : 'stopped'
  }
  /** HSM: starts in S at `pc` with a0 = its id and a1 = `opaque`, translation off. */
  start(pc: bigint, opaque: bigint): void {
    this.reset({ pc, privilege: 'supervisor', arguments: [BigInt(this.id), opaque] })
  }
  /** HSM: stops executing. */
  stop(): void {
    this.#started = false
  }
  /** Forgets address translations, of one page if an address is given: what another hart's remote fence asks for. */
  fence(address?: bigint): void {
    this.state.fence(address)
  }

  get pc(): bigint {
    return this.state.pc
  }
  get privilege(): Privilege {
    return this.state.privilege
  }
  /** Integer register `x0` to `x31`. */
  register(index: number): bigint {
    return this.state.register(index)
  }

  run(budget: number): Exit {
    const whole = Math.max(1, Math.floor(Math.min(budget, 0x7fff_ffff)))
    let left = whole
    const { state } = this
    const { core } = state
    while (left > 0) {
      if (!this.#started) return { kind: 'idle' }
      const untilDeadline = this.#clock.instructionsUntilDeadline()
      // Under virtual time, a timer that has come due fires before the next instruction, wherever the run began.
      if (left < whole && untilDeadline !== Infinity && this.#clock.nextDeadline() <= this.#clock.now()) return { kind: 'budget' }
      if (this.#stopRequested) {
        this.#stopRequested = false
        return { kind: 'budget' }
      }
      if (this.#waiting) {
        if (!state.wakes()) return { kind: 'idle' }
        this.#waiting = false
      }
      const number = this.#open === 'none' ? state.interruptToTake() : undefined
      // An instruction that a device has answered comes before an interrupt: it cannot ask again.
      const first = number !== undefined && core.cell(cells.deviceAnswer) !== deviceAnswer.none
      if (number !== undefined && !first) state.trap(number, 0n, true)
      const allowed = first ? 1 : Math.min(left, untilDeadline)
      core.setCell(cells.budget, allowed)
      const why = core.run()
      const done = allowed - core.cell(cells.budget)
      this.#retire(done)
      left -= done
      switch (why) {
        case leave.budget:
          if (first) break
          // Either all of it is used up, or a deadline has come.
          return { kind: 'budget' }
        case leave.device:
          this.#open = 'device'
          return this.#deviceExit()
        case leave.service: {
          const exit = this.#serve(core.encoding())
          left--
          if (exit !== undefined) return exit
          break
        }
        case leave.trap:
          this.#trap(core.cell(cells.cause), core.cell64(cells.trapValue))
          break
        default:
          this.#trap(cause.illegal, BigInt(core.encoding()))
      }
      if (this.#fruitless > fruitlessTraps) return this.#stuck()
    }
    return { kind: 'budget' }
  }

  complete(...results: readonly bigint[]): void {
    if (this.#open === 'device') this.state.core.answerDevice(results[0] ?? 0n)
    else if (this.#open === 'hypercall') {
      for (const [index, value] of results.entries()) this.state.setRegister(10 + index, value)
      this.finish()
    }
    this.#open = 'none'
  }

  refuse(): void {
    if (this.#open === 'device') this.state.core.answerDevice(undefined)
    else if (this.#open === 'hypercall') this.#trap(cause.storeAccess, this.pc)
    this.#open = 'none'
  }

  interruptRun(): void {
    this.#stopRequested = true
  }

  save(): SavedState {
    return packHart(this.state.extensions, { ...this.state.save(), waiting: this.#waiting, started: this.#started, open: this.#open })
  }

  restore(saved: SavedState): void {
    const hart = unpackHart(this.state.extensions, this.state.core.memory.size, saved)
    this.state.restore(hart)
    this.#waiting = hart.waiting
    this.#started = hart.started
    this.#open = hart.open
    this.#fruitless = 0
    this.#stopRequested = false
  }

  // What services are written against.

  raise(code: number, value: bigint): void {
    this.#trap(code, value)
  }
  finish(): void {
    this.state.pc += 4n
    this.#retire(1)
  }
  retireInPlace(): void {
    this.#retire(1)
  }
  wait(): void {
    this.#waiting = true
  }
  get handlesCallsOutside(): boolean {
    return this.#hypercalls
  }
  callOutside(): Exit {
    this.#open = 'hypercall'
    return { kind: 'hypercall', arguments: Array.from({ length: 8 }, (_, i) => this.state.register(10 + i)) }
  }

  #serve(encoding: number): Exit | undefined {
    let service = this.#services.get(encoding)
    if (service === undefined) {
      service = services(encoding)
      this.#services.set(encoding, service)
    }
    return service(this)
  }

  #retire(count: number): void {
    if (count === 0) return
    this.#fruitless = 0
    this.state.retiredCount += count
    this.#clock.retire(count)
  }

  /** Enters the handler. */
  #trap(code: number, value: bigint): void {
    this.state.trap(code, value, false)
    this.#fruitless++
    this.#lastCause = code
  }

  #stuck(): Exit {
    this.#fruitless = 0
    return { kind: 'fault', reason: `the trap handler at its own entry traps again and again (cause ${this.#lastCause})`, pc: this.pc }
  }

  #deviceExit(): Exit {
    const { core } = this.state
    const address = Number(core.cell64(cells.deviceAddress))
    const width = core.cell(cells.deviceWidth) as AccessWidth
    if (core.cell(cells.deviceWrites) === 0) return { kind: 'mmio-read', address, width }
    return { kind: 'mmio-write', address, width, value: core.cell64(cells.deviceValue) }
  }
}
