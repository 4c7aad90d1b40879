import { BusError, hex } from './errors.ts'
import type { MmioDevice } from './bus.ts'
import type { AccessWidth } from './vcpu.ts'

interface Mapping {
  readonly start: number
  readonly end: number
  readonly device: MmioDevice
}

/** Where a device sits on a {@link Bus}. */
export interface BusRange {
  readonly base: number
  readonly size: number
  readonly device: MmioDevice
}

/**
 * Devices at addresses. A second instance serves a CPU that has a separate space of I/O ports. An access nobody
 * answers, or one that crosses a device's end, is the guest's mistake and shows as `undefined` or `false`.
 */
export class Bus {
  /** Sorted by address. */
  readonly #mappings: Mapping[] = []
  #last: Mapping | undefined

  /**
   * Puts `device` at `[base, base + size)`. Throws `BusError`: `ERR_BUS_RANGE` if that is no range of addresses,
   * `ERR_BUS_OVERLAP` if somebody is there.
   */
  map(base: number, size: number, device: MmioDevice): void {
    if (!Number.isSafeInteger(base) || base < 0 || !Number.isSafeInteger(size) || size <= 0 || !Number.isSafeInteger(base + size)) {
      throw new BusError('ERR_BUS_RANGE', `a device needs a base from 0 and a size from 1, both below 2^53, not ${String(base)} and ${String(size)}`)
    }
    const other = this.#mappings.find((mapping) => mapping.start < base + size && base < mapping.end)
    if (other !== undefined) {
      throw new BusError(
        'ERR_BUS_OVERLAP',
        `a device at ${hex(base)} to ${hex(base + size - 1)} would overlap the one at ${hex(other.start)} to ${hex(other.end - 1)}: place it elsewhere`,
      )
    }
    const at = this.#mappings.findIndex((mapping) => mapping.start > base)
    this.#mappings.splice(at < 0 ? this.#mappings.length : at, 0, { start: base, end: base + size, device })
  }

  /** Who sits where, by ascending address. */
  get ranges(): readonly BusRange[] {
    return this.#mappings.map(({ start, end, device }) => ({ base: start, size: end - start, device }))
  }

  /** The device's answer, zero-extended, or `undefined` if nobody is there: the caller raises its CPU's access fault. */
  read(address: number, width: AccessWidth): bigint | undefined {
    const mapping = this.#find(address, width)
    if (mapping === undefined) return undefined
    const { device, start } = mapping
    const offset = address - start
    if (width !== 8) {
      const value = device.read(offset, width)
      return BigInt(width === 4 ? value >>> 0 : value & (width === 2 ? 0xffff : 0xff))
    }
    if (device.read64 !== undefined) return BigInt.asUintN(64, device.read64(offset))
    const low = device.read(offset, 4) >>> 0
    return (BigInt(device.read(offset + 4, 4) >>> 0) << 32n) | BigInt(low)
  }

  /** Hands `value` (its low `width` bytes) to the device; `false` if nobody is there. */
  write(address: number, width: AccessWidth, value: bigint): boolean {
    const mapping = this.#find(address, width)
    if (mapping === undefined) return false
    const { device, start } = mapping
    const offset = address - start
    if (width !== 8) {
      device.write(offset, width, Number(BigInt.asUintN(width * 8, value)))
    } else if (device.write64 !== undefined) {
      device.write64(offset, BigInt.asUintN(64, value))
    } else {
      device.write(offset, 4, Number(BigInt.asUintN(32, value)))
      device.write(offset + 4, 4, Number(BigInt.asUintN(32, value >> 32n)))
    }
    return true
  }

  #find(address: number, width: number): Mapping | undefined {
    const last = this.#last
    if (last !== undefined && address >= last.start && address + width <= last.end) return last
    let low = 0
    let high = this.#mappings.length - 1
    while (low <= high) {
      const middle = (low + high) >> 1
      const mapping = this.#mappings[middle]
      if (mapping === undefined) return undefined
      if (address < mapping.start) high = middle - 1
      else if (address < mapping.end) {
        if (address + width > mapping.end) return undefined
        this.#last = mapping
        return mapping
      } else low = middle + 1
    }
    return undefined
  }
}
