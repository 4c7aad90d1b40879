import { OptionError, StateReader } from '@strata/machine'
import { baseExtension } from './base.ts'
import { refused, SbiError } from './call.ts'
import { dbcnExtension } from './dbcn.ts'
import { hsmExtension } from './hsm.ts'
import { ipiExtension } from './ipi.ts'
import { rfenceExtension } from './rfence.ts'
import { srstExtension } from './srst.ts'
import { TimeExtension } from './time.ts'
import type { Clock, GuestMemory, SavedState, Stateful } from '@strata/machine'
import type { SbiExtension, SbiResult } from './call.ts'
import type { SbiCpu } from './cpu.ts'
import type { DebugConsole } from './dbcn.ts'
import type { SystemResetPort } from './srst.ts'

export interface SbiServerOptions {
  readonly memory: GuestMemory
  /** The clock that the guest reads as `time`. */
  readonly clock: Clock
  /** Every hart, with distinct ids. */
  readonly cpus: readonly SbiCpu[]
  /** Answers the guest's wish to power off or start anew; without it there is no SRST extension. */
  readonly reset?: SystemResetPort
  /** Without it there is no DBCN extension. */
  readonly console?: DebugConsole
  /** Further extensions. An id that is taken is refused. */
  readonly extensions?: readonly SbiExtension[]
}

/**
 * The supervisor binary interface (RISC-V SBI 3.0) that a kernel in supervisor mode calls instead of firmware: Base,
 * TIME, IPI, RFENCE, HSM, SRST and DBCN. The legacy extensions are not offered.
 */
export class SbiServer implements Stateful {
  readonly #extensions = new Map<bigint, SbiExtension>()
  readonly #cpus: ReadonlyMap<bigint, SbiCpu>
  readonly #time: TimeExtension

  /** Throws `OptionError` `ERR_MACHINE_OPTION` if two harts or two extensions have the same id. */
  constructor(options: SbiServerOptions) {
    const { memory, clock, cpus } = options
    this.#cpus = new Map(cpus.map((cpu) => [BigInt(cpu.id), cpu]))
    if (this.#cpus.size !== cpus.length) {
      throw new OptionError('ERR_MACHINE_OPTION', `harts need distinct ids, not ${cpus.map((cpu) => String(cpu.id)).join(', ')}`)
    }
    this.#time = new TimeExtension(clock, cpus)
    this.#register(baseExtension((id) => this.#extensions.has(id)))
    this.#register(this.#time)
    this.#register(ipiExtension(this.#cpus))
    this.#register(rfenceExtension(this.#cpus))
    this.#register(hsmExtension(this.#cpus, memory))
    if (options.reset !== undefined) this.#register(srstExtension(options.reset))
    if (options.console !== undefined) this.#register(dbcnExtension(memory, options.console))
    for (const extension of options.extensions ?? []) this.#register(extension)
  }

  /** What is offered, by EID. */
  get extensions(): readonly SbiExtension[] {
    return [...this.#extensions.values()]
  }

  /**
   * Answers an `ecall` of hart `cpu` with a0 to a7 in `registers` (missing ones read 0): the new a0 and a1, signed. A
   * call nobody knows is `SBI_ERR_NOT_SUPPORTED`. Throws `OptionError` only if there is no such hart.
   */
  handle(cpu: number, registers: readonly bigint[]): SbiResult {
    const caller = this.#cpus.get(BigInt(cpu))
    if (caller === undefined) throw new OptionError('ERR_MACHINE_OPTION', `hart ${String(cpu)} made a call, but this SBI has no such hart: give it all harts`)
    const register = (index: number): bigint => BigInt.asUintN(64, registers[index] ?? 0n)
    const fid = register(6)
    const answer = fid < 0x1_0000n ? this.#extensions.get(register(7))?.functions[Number(fid)] : undefined
    if (answer === undefined) return refused(SbiError.notSupported)
    return answer({ cpu: caller, arguments: [register(0), register(1), register(2), register(3), register(4), register(5)] })
  }

  save(): SavedState {
    return { version: 1, time: this.#time.save() }
  }

  /** Restore the clock and the CPUs first. */
  restore(state: SavedState): void {
    this.#time.restore(new StateReader('the SBI', state, 1).state('time'))
  }

  #register(extension: SbiExtension): void {
    const other = this.#extensions.get(extension.id)
    if (other !== undefined) {
      throw new OptionError(
        'ERR_MACHINE_OPTION',
        `extension ${extension.name} has the id 0x${extension.id.toString(16)} of ${other.name}: each id can be given once`,
      )
    }
    this.#extensions.set(extension.id, extension)
  }
}
