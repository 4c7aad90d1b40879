/** Widths of a single device access, in bytes. */
export type DeviceWidth = 1 | 2 | 4

/**
 * Registers on a bus. Offsets are relative to the device, and `offset + width` lies within its range. A device answers
 * any access, at any offset and width, with some value: odd ones read 0 and ignore writes.
 */
export interface MmioDevice {
  /** Reads `width` bytes, little-endian: an unsigned integer below 2^(8*width). */
  read(offset: number, width: DeviceWidth): number
  write(offset: number, width: DeviceWidth, value: number): void
  /** Eight bytes at once, for devices that have such registers; otherwise the bus makes two accesses, low half first. */
  read64?(offset: number): bigint
  write64?(offset: number, value: bigint): void
}
