import { StateReader } from '../state-reader.ts'
import type { DeviceWidth, MmioDevice } from '../bus.ts'
import type { Clock, Timer } from '../clock.ts'
import type { DeviceTreeNode } from '../device-tree/node.ts'
import type { IrqLine } from '../irq.ts'
import type { SavedState, Stateful } from '../state.ts'

const register = {
  timeLow: 0x00,
  timeHigh: 0x04,
  alarmLow: 0x08,
  alarmHigh: 0x0c,
  irqEnabled: 0x10,
  clearAlarm: 0x14,
  alarmStatus: 0x18,
  clearInterrupt: 0x1c,
} as const
const second = 1_000_000_000n

/** The time of day, in nanoseconds since 1970 (UTC, leap seconds ignored). */
export type WallClock = () => bigint

/** A wall clock that reads `epoch` (nanoseconds) at the machine's reset and goes with the guest's clock: for repeatable runs. */
export const guestWallClock = (clock: Clock, epoch: bigint): WallClock => () => epoch + (BigInt(clock.now()) * second) / BigInt(clock.frequency)

export interface GoldfishRtcOptions {
  readonly irq: IrqLine
  /** Times the alarm. */
  readonly clock: Clock
  readonly wallClock: WallClock
}

const withLow = (value: bigint, low: number): bigint => (value & ~0xffff_ffffn) | BigInt(low >>> 0)
const withHigh = (value: bigint, high: number): bigint => (value & 0xffff_ffffn) | (BigInt(high >>> 0) << 32n)

/**
 * The Goldfish real-time clock: 64-bit nanoseconds in two halves (reading the low one latches the high one), and an
 * alarm. The guest may set the time; it then differs from the wall clock by a fixed amount.
 */
export class GoldfishRtc implements MmioDevice, Stateful {
  /** Bytes the device takes on a bus. */
  readonly size = 0x1000
  readonly #irq: IrqLine
  readonly #clock: Clock
  readonly #wallClock: WallClock
  #offset = 0n
  #latchedHigh = 0
  #alarm = 0n
  #alarmSet = false
  #irqEnabled = false
  #irqPending = false
  #timer: Timer | undefined

  constructor(options: GoldfishRtcOptions) {
    this.#irq = options.irq
    this.#clock = options.clock
    this.#wallClock = options.wallClock
  }

  read(offset: number, width: DeviceWidth): number {
    if (width !== 4) return 0
    switch (offset) {
      case register.timeLow: {
        const time = this.#time()
        this.#latchedHigh = Number(time >> 32n)
        return Number(time & 0xffff_ffffn)
      }
      case register.timeHigh:
        return this.#latchedHigh
      case register.alarmLow:
        return Number(this.#alarm & 0xffff_ffffn)
      case register.alarmHigh:
        return Number(this.#alarm >> 32n)
      case register.irqEnabled:
        return this.#irqEnabled ? 1 : 0
      case register.alarmStatus:
        return this.#alarmSet ? 1 : 0
      default:
        return 0
    }
  }

  write(offset: number, width: DeviceWidth, value: number): void {
    if (width !== 4) return
    switch (offset) {
      case register.timeLow:
        this.#setTime(withLow(this.#time(), value))
        break
      case register.timeHigh:
        this.#setTime(withHigh(this.#time(), value))
        break
      case register.alarmLow:
        // Guests write the high half first: the low one sets the alarm.
        this.#alarm = withLow(this.#alarm, value)
        this.#alarmSet = true
        this.#arm()
        break
      case register.alarmHigh:
        this.#alarm = withHigh(this.#alarm, value)
        break
      case register.irqEnabled:
        this.#irqEnabled = (value & 1) === 1
        this.#update()
        break
      case register.clearAlarm:
        this.#alarmSet = false
        this.#arm()
        break
      case register.clearInterrupt:
        this.#irqPending = false
        this.#update()
        break
      default:
        break
    }
  }

  /** Adds `rtc@…` to a bus node. */
  describe(parent: DeviceTreeNode, at: { readonly address: number; readonly interruptParent: DeviceTreeNode; readonly interrupt: number }): DeviceTreeNode {
    return parent
      .child(`rtc@${at.address.toString(16)}`)
      .string('compatible', 'google,goldfish-rtc')
      .reg([at.address, this.size])
      .cells('interrupt-parent', at.interruptParent)
      .cells('interrupts', at.interrupt)
  }

  save(): SavedState {
    return {
      version: 1,
      offset: BigInt.asUintN(64, this.#offset),
      latchedHigh: this.#latchedHigh,
      alarm: this.#alarm,
      alarmSet: this.#alarmSet,
      irqEnabled: this.#irqEnabled,
      irqPending: this.#irqPending,
    }
  }

  /** Restore the clock first: the alarm is set anew from its time. */
  restore(state: SavedState): void {
    const reader = new StateReader('goldfish-rtc', state, 1)
    const offset = reader.unsigned('offset', 64)
    const latchedHigh = reader.integer('latchedHigh', 0, 0xffff_ffff)
    const alarm = reader.unsigned('alarm', 64)
    const alarmSet = reader.boolean('alarmSet')
    const irqEnabled = reader.boolean('irqEnabled')
    const irqPending = reader.boolean('irqPending')
    this.#offset = BigInt.asIntN(64, offset)
    this.#latchedHigh = latchedHigh
    this.#alarm = alarm
    this.#alarmSet = alarmSet
    this.#irqEnabled = irqEnabled
    this.#irqPending = irqPending
    this.#update()
    this.#arm()
  }

  #time(): bigint {
    return BigInt.asUintN(64, this.#wallClock() + this.#offset)
  }

  #setTime(time: bigint): void {
    this.#offset = BigInt.asIntN(64, time - this.#wallClock())
    this.#arm()
  }

  #arm(): void {
    this.#timer?.cancel()
    this.#timer = undefined
    if (!this.#alarmSet) return
    const missing = this.#alarm - this.#time()
    if (missing <= 0n) {
      this.#alarmSet = false
      this.#irqPending = true
      this.#update()
      return
    }
    const ticks = (missing * BigInt(this.#clock.frequency) + second - 1n) / second
    const at = BigInt(this.#clock.now()) + ticks
    if (at > BigInt(Number.MAX_SAFE_INTEGER)) return
    // The wall clock may have been set back meanwhile: then this looks again and waits on.
    this.#timer = this.#clock.schedule(Number(at), () => { this.#arm() })
  }

  #update(): void {
    this.#irq.set(this.#irqEnabled && this.#irqPending)
  }
}
