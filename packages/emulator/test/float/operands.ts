import type { Operation } from './batch.ts'

/** A small seeded generator of 32-bit numbers (xorshift with a multiplier). */
export type Random = () => number
export const seeded = (seed: number): Random => {
  let state = (seed ^ 0x9e3779b9) >>> 0 || 1
  return () => {
    state ^= state << 13
    state ^= state >>> 17
    state ^= state << 5
    return Math.imul(state, 0x2545f491) >>> 0
  }
}

interface Layout {
  readonly width: bigint
  readonly fraction: bigint
  readonly top: number
  readonly bias: number
}
const layouts: Readonly<Record<'f32' | 'f64', Layout>> = {
  f32: { width: 32n, fraction: 23n, top: 255, bias: 127 },
  f64: { width: 64n, fraction: 52n, top: 2047, bias: 1023 },
}

const random64 = (random: Random): bigint => (BigInt(random()) << 32n) | BigInt(random())

/** Fractions that sit at and beside the places where rounding decides: runs of ones and zeros, few bits, all bits. */
const fraction = (random: Random, bits: bigint): bigint => {
  const all = (1n << bits) - 1n
  const at = BigInt(random()) % bits
  switch (random() % 8) {
    case 0: return 0n
    case 1: return all
    case 2: return 1n << at
    case 3: return all ^ (1n << at)
    case 4: return (1n << at) - 1n
    case 5: return all ^ ((1n << at) - 1n)
    case 6: return ((1n << at) | (1n << (BigInt(random()) % bits)) | (random() % 2 === 0 ? 1n : 0n)) & all
    default: return random64(random) & all
  }
}

/** Operands of a format where errors would hide: limits of the exponent, subnormals, zeros, infinities, NaNs, neighbours of `near`. */
export const interestingFloat = (format: 'f32' | 'f64', random: Random, near: bigint | undefined): bigint => {
  const { width, fraction: bits, top, bias } = layouts[format]
  const sign = BigInt(random() & 1) << (width - 1n)
  const pack = (exponent: number): bigint => sign | (BigInt(Math.max(0, Math.min(top, exponent))) << bits) | fraction(random, bits)
  switch (random() % 16) {
    case 0: return sign
    case 1: return sign | (BigInt(top) << bits) | (random() % 3 === 0 ? 0n : fraction(random, bits))
    case 2: case 3: return pack(0)
    case 4: return pack(1 + (random() % 3))
    case 5: return pack(top - 1 - (random() % 3))
    case 6: return pack(bias + (random() % 70) - 3)
    case 7: return pack((bias >> 1) + (random() % 80) - 20)
    case 8: return pack(bias + (bias >> 1) - 40 + (random() % 80))
    case 9: return BigInt.asUintN(Number(width), random64(random))
    case 10: case 11: case 12: {
      if (near === undefined) return pack(bias + (random() % 8) - 4)
      // Close in magnitude, or apart by about the precision, so that sums cancel or round.
      const exponent = Number((near >> bits) & BigInt(top))
      const distance = [0, 1, 2, Number(bits), Number(bits) + 1, Number(bits) + 2, 2 * Number(bits) + 1][random() % 7] ?? 0
      return pack(exponent + (random() % 2 === 0 ? distance : -distance))
    }
    case 13: return near === undefined ? pack(bias) : BigInt.asUintN(Number(width), (near ^ sign) + BigInt(random() % 5) - 2n)
    default: return pack(bias + (random() % 8) - 4)
  }
}

const interestingInteger = (random: Random): bigint => {
  const length = BigInt(random() % 65)
  const value = BigInt.asUintN(64, random64(random) & ((1n << length) - 1n))
  switch (random() % 6) {
    case 0: return BigInt.asUintN(64, (1n << length) + BigInt(random() % 5) - 2n)
    case 1: return BigInt.asUintN(64, -(1n << length) + BigInt(random() % 5) - 2n)
    case 2: return BigInt.asUintN(64, -value)
    case 3: return BigInt.asUintN(64, (value << 11n) | BigInt(random() % 2) | 0x400n)
    default: return value
  }
}

/** Operands for an operation, 32-bit ones in the low half. */
export const interestingOperands = ({ name, operands }: Operation, random: Random): bigint[] => {
  if (name.includes('_from_')) return [interestingInteger(random)]
  const format = name.startsWith('f32') ? 'f32' : 'f64'
  const values: bigint[] = []
  for (let index = 0; index < operands.length; index++) {
    const before = values.at(-1)
    // An addend near the product of the factors, where a fused multiply-add cancels.
    if (index === 2 && before !== undefined && random() % 2 === 0) {
      const { width, fraction: bits, top, bias } = layouts[format]
      const field = (value: bigint): number => Number((value >> bits) & BigInt(top))
      const product = field(values[0] ?? 0n) + field(before) - bias + (random() % 5) - 2
      const distance = [0, 0, 0, Number(bits), Number(bits) + 1, -Number(bits), -Number(bits) - 1, 2 * Number(bits)][random() % 8] ?? 0
      const exponent = BigInt(Math.max(0, Math.min(top, product + distance)))
      values.push((BigInt(random() & 1) << (width - 1n)) | (exponent << bits) | fraction(random, bits))
    } else values.push(interestingFloat(format, random, before))
  }
  return values
}
