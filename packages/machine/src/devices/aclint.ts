import { OptionError } from '../errors.ts'
import { StateReader } from '../state-reader.ts'
import type { DeviceWidth, MmioDevice } from '../bus.ts'
import type { Clock, Timer } from '../clock.ts'
import type { DeviceTreeNode } from '../device-tree/node.ts'
import type { IrqLine } from '../irq.ts'
import type { SavedState, Stateful } from '../state.ts'

const compareAt = 0x4000
const timeAt = 0xbff8
const maximumCpus = 4095
const never = (1n << 64n) - 1n

/** The two inputs of a CPU that this device drives. */
export interface AclintOutputs {
  readonly software: IrqLine
  readonly timer: IrqLine
}

export interface AclintOptions {
  readonly clock: Clock
  /** 1 to 4095 CPUs. */
  readonly cpus: readonly AclintOutputs[]
}

interface Cpu extends AclintOutputs {
  pending: boolean
  compare: bigint
  timerPending: Timer | undefined
}

/**
 * The Advanced Core Local Interruptor (specification 1.0-rc4), its parts laid out as in the older CLINT: software
 * interrupts at 0 (4 bytes a CPU), timer comparators at 0x4000 (8 bytes a CPU), the time at 0xbff8. Comparators start
 * at 2^64-1, so that no timer fires before one is set.
 */
export class Aclint implements MmioDevice, Stateful {
  /** Bytes the device takes on a bus. */
  readonly size = 0x1_0000
  readonly #clock: Clock
  readonly #cpus: readonly Cpu[]
  /** What the guest's writes to the time have added to the clock, modulo 2^64. */
  #offset = 0n

  constructor(options: AclintOptions) {
    if (options.cpus.length < 1 || options.cpus.length > maximumCpus) {
      throw new OptionError('ERR_MACHINE_OPTION', `this interruptor serves 1 to ${String(maximumCpus)} CPUs, not ${String(options.cpus.length)}`)
    }
    this.#clock = options.clock
    this.#cpus = options.cpus.map(({ software, timer }) => ({ software, timer, pending: false, compare: never, timerPending: undefined }))
  }

  read(offset: number, width: DeviceWidth): number {
    if (width !== 4 || offset % 4 !== 0) return 0
    if (offset < compareAt) return this.#cpus[offset / 4]?.pending === true ? 1 : 0
    const whole = this.#register(offset - (offset % 8))
    return Number(offset % 8 === 0 ? whole & 0xffff_ffffn : whole >> 32n)
  }

  write(offset: number, width: DeviceWidth, value: number): void {
    if (width !== 4 || offset % 4 !== 0) return
    if (offset < compareAt) {
      const cpu = this.#cpus[offset / 4]
      if (cpu === undefined) return
      cpu.pending = (value & 1) === 1
      cpu.software.set(cpu.pending)
      return
    }
    const start = offset - (offset % 8)
    const whole = this.#register(start)
    const half = BigInt(value >>> 0)
    this.#setRegister(start, offset % 8 === 0 ? (whole & ~0xffff_ffffn) | half : (whole & 0xffff_ffffn) | (half << 32n))
  }

  read64(offset: number): bigint {
    if (offset % 8 !== 0) return 0n
    if (offset < compareAt) return BigInt(this.read(offset, 4)) | (BigInt(this.read(offset + 4, 4)) << 32n)
    return this.#register(offset)
  }

  write64(offset: number, value: bigint): void {
    if (offset % 8 !== 0) return
    if (offset < compareAt) {
      this.write(offset, 4, Number(value & 0xffff_ffffn))
      this.write(offset + 4, 4, Number(value >> 32n))
    } else this.#setRegister(offset, value)
  }

  /** The guest's time: the clock and what the guest added to it. */
  get time(): bigint {
    return BigInt.asUintN(64, BigInt(this.#clock.now()) + this.#offset)
  }

  /** Adds `timer@…` to a bus node. `targets`: each CPU's interrupt controller and its software and timer inputs. */
  describe(
    parent: DeviceTreeNode,
    at: { readonly address: number; readonly targets: readonly (readonly [controller: DeviceTreeNode, software: number, timer: number])[] },
  ): DeviceTreeNode {
    if (at.targets.length !== this.#cpus.length) {
      throw new OptionError('ERR_MACHINE_OPTION', `this interruptor serves ${String(this.#cpus.length)} CPUs, but ${String(at.targets.length)} are described`)
    }
    return parent
      .child(`timer@${at.address.toString(16)}`)
      .string('compatible', 'sifive,clint0')
      .reg([at.address, this.size])
      .cells('interrupts-extended', ...at.targets.flatMap(([controller, software, timer]) => [controller, software, controller, timer]))
  }

  save(): SavedState {
    return { version: 1, offset: this.#offset, software: this.#cpus.map((cpu) => cpu.pending), compare: this.#cpus.map((cpu) => cpu.compare) }
  }

  /** Restore the clock first: timers are set anew from its time. */
  restore(state: SavedState): void {
    const reader = new StateReader('aclint', state, 1)
    const offset = reader.unsigned('offset', 64)
    const software = reader.booleans('software', this.#cpus.length)
    const compare = reader.unsigneds('compare', this.#cpus.length, 64)
    this.#offset = offset
    this.#cpus.forEach((cpu, index) => {
      cpu.pending = software[index] ?? false
      cpu.compare = compare[index] ?? never
      cpu.software.set(cpu.pending)
      this.#arm(cpu)
    })
  }

  #register(offset: number): bigint {
    return offset === timeAt ? this.time : (this.#cpus[(offset - compareAt) / 8]?.compare ?? 0n)
  }

  #setRegister(offset: number, value: bigint): void {
    if (offset === timeAt) {
      this.#offset = BigInt.asUintN(64, value - BigInt(this.#clock.now()))
      for (const cpu of this.#cpus) this.#arm(cpu)
      return
    }
    const cpu = this.#cpus[(offset - compareAt) / 8]
    if (cpu === undefined) return
    cpu.compare = value
    this.#arm(cpu)
  }

  /** Drives a CPU's timer line, and arranges for it to rise when its time comes. */
  #arm(cpu: Cpu): void {
    cpu.timerPending?.cancel()
    cpu.timerPending = undefined
    const now = BigInt(this.#clock.now())
    const missing = cpu.compare - BigInt.asUintN(64, now + this.#offset)
    cpu.timer.set(missing <= 0n)
    if (missing <= 0n) return
    // The clock ends below 2^53: what is due later never comes.
    const at = now + missing
    if (at > BigInt(Number.MAX_SAFE_INTEGER)) return
    cpu.timerPending = this.#clock.schedule(Number(at), () => { this.#arm(cpu) })
  }
}
