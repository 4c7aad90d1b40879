import type { Random } from '../isa/random.ts'
import type { Operation } from './batch.ts'

interface Layout {
  readonly width: number
  readonly fraction: bigint
  /** Exponent field of infinities and NaNs. */
  readonly top: number
  readonly bias: number
}
export type FloatFormat = 'f32' | 'f64'
const layouts: Readonly<Record<FloatFormat, Layout>> = {
  f32: { width: 32, fraction: 23n, top: 255, bias: 127 },
  f64: { width: 64, fraction: 52n, top: 2047, bias: 1023 },
}

const unsigned64 = (random: Random): bigint => BigInt.asUintN(64, random.bits64())

const pick = <T>(random: Random, choices: readonly [T, ...T[]]): T => choices[random.below(choices.length)] ?? choices[0]

/** Fractions that sit at and beside the places where rounding decides: runs of ones and zeros, few bits, all bits. */
const fractionOf = (random: Random, bits: bigint): bigint => {
  const all = (1n << bits) - 1n
  const at = BigInt(random.below(Number(bits)))
  const other = BigInt(random.below(Number(bits)))
  switch (random.below(9)) {
    case 0: return 0n
    case 1: return all
    case 2: return 1n << at
    case 3: return all ^ (1n << at)
    case 4: return (1n << at) - 1n
    case 5: return all ^ ((1n << at) - 1n)
    case 6: return (1n << at) | (1n << other) | BigInt(random.below(2))
    default: return unsigned64(random) & all
  }
}

class Pool {
  readonly #layout: Layout
  readonly #random: Random

  constructor(format: FloatFormat, random: Random) {
    this.#layout = layouts[format]
    this.#random = random
  }

  /** A number with this exponent field, or the nearest there is. */
  pack(exponent: number, fraction: bigint = fractionOf(this.#random, this.#layout.fraction)): bigint {
    const { width, fraction: bits, top } = this.#layout
    const sign = BigInt(this.#random.below(2)) << BigInt(width - 1)
    return sign | (BigInt(Math.max(0, Math.min(top, exponent))) << bits) | fraction
  }

  exponent(value: bigint): number {
    return Number((value >> this.#layout.fraction) & BigInt(this.#layout.top))
  }

  /** Limits of the exponent, subnormals, zeros, infinities, NaNs, numbers around 1 and around integers' limits, and anything. */
  any(): bigint {
    const random = this.#random
    const { width, top, bias } = this.#layout
    switch (random.below(12)) {
      case 0: return this.pack(0, 0n)
      case 1: return random.below(3) === 0 ? this.pack(top, 0n) : this.pack(top)
      case 2: return this.pack(0)
      case 3: return this.pack(1 + random.below(3))
      case 4: return this.pack(top - 1 - random.below(3))
      case 5: return this.pack(bias - 3 + random.below(70))
      case 6: return this.pack((bias >> 1) - 20 + random.below(60))
      case 7: return this.pack(bias + (bias >> 1) - 40 + random.below(60))
      case 8: return BigInt.asUintN(width, unsigned64(random))
      default: return this.pack(bias - 4 + random.below(8))
    }
  }

  /** Close to another number, or apart from it by about the precision, so that sums cancel or their rounding is close. */
  near(other: bigint): bigint {
    const random = this.#random
    const { width, fraction, bias } = this.#layout
    const precision = Number(fraction) + 1
    if (random.below(4) === 0) return BigInt.asUintN(width, other + BigInt(random.below(5) - 2)) ^ (BigInt(random.below(2)) << BigInt(width - 1))
    const distance = pick(random, [0, 0, 1, 2, precision - 1, precision, precision + 1, 2 * precision])
    const exponent = this.exponent(other === 0n ? BigInt(bias) << fraction : other)
    return this.pack(exponent + (random.below(2) === 0 ? distance : -distance))
  }

  /** A factor with which the product lies at the smallest or largest normal number, often one step from a power of two. */
  factorToLimit(other: bigint): bigint {
    const random = this.#random
    const { fraction, top, bias } = this.#layout
    const field = other & ((1n << fraction) - 1n)
    const significand = field | (1n << fraction)
    // The reciprocal, which makes the product's fraction nearly all zeros or all ones.
    const reciprocal = (1n << (2n * fraction + 1n)) / significand - BigInt(random.below(4) - 1)
    const reciprocalField = reciprocal & ((1n << fraction) - 1n)
    const target = pick(random, [-1, 0, 1, -Number(fraction), top - 1, top])
    const exponent = bias - this.exponent(other) + target - random.below(2)
    return random.below(2) === 0 ? this.pack(exponent, reciprocalField) : this.pack(exponent)
  }

  /** A divisor with which the quotient lies at such a limit. */
  divisorToLimit(other: bigint): bigint {
    const random = this.#random
    const { fraction, top, bias } = this.#layout
    const target = pick(random, [-1, 0, 1, -Number(fraction), top - 1, top])
    const exponent = this.exponent(other) + bias - target
    const field = (other + BigInt(random.below(5) - 2)) & ((1n << fraction) - 1n)
    return random.below(2) === 0 ? this.pack(exponent, field) : this.pack(exponent)
  }

  /** An addend near a product, where a fused multiply-add cancels or rounds closely, or pulls it over a limit. */
  addend(a: bigint, b: bigint): bigint {
    const random = this.#random
    const { fraction, bias } = this.#layout
    const precision = Number(fraction) + 1
    const product = this.exponent(a) + this.exponent(b) - bias
    return this.pack(product - 1 + random.below(3) + pick(random, [0, 0, precision - 1, precision, precision + 1, -precision, -precision - 1, 2 * precision, -2 * precision]))
  }
}

const interestingInteger = (random: Random): bigint => {
  const length = BigInt(random.below(65))
  const value = unsigned64(random) & ((1n << length) - 1n)
  switch (random.below(6)) {
    case 0: return BigInt.asUintN(64, (1n << length) + BigInt(random.below(5) - 2))
    case 1: return BigInt.asUintN(64, BigInt(random.below(5) - 2) - (1n << length))
    case 2: return BigInt.asUintN(64, -value)
    // One bit apart from half-way between two numbers of either format.
    case 3: return BigInt.asUintN(64, (value << 11n) | 0x400n | BigInt(random.below(2)))
    case 4: return BigInt.asUintN(64, (value << 40n) | (1n << 39n) | BigInt(random.below(2)))
    default: return value
  }
}

/**
 * Factors, each of 53 bits, whose product is a little above a power of two, every bit between zero; and an addend half of
 * whose last place that is about: only the lowest bits of 106 tell that it is not a tie.
 */
const nearTie = (random: Random): bigint[] => {
  // (2^52 + k)(2^53 - 2k + 1) = 2^105 + 2^52 - 2k^2 + k, and k is the last for which that is above 2^105, or just before it.
  const k = BigInt(Math.floor((1 + Math.sqrt(1 + 8 * 2 ** 52)) / 4) - random.below(3))
  const pool = new Pool('f64', random)
  const fraction = (value: bigint): bigint => value & ((1n << 52n) - 1n)
  const [first, second] = [900 + random.below(200), 900 + random.below(200)]
  const addend = first + second - 1023 + 52 + random.below(4)
  return [pool.pack(first, fraction((1n << 52n) + k)), pool.pack(second, fraction((1n << 53n) - 2n * k + 1n)), pool.pack(addend)]
}

/** Operands for an operation where errors would hide; 32-bit ones in the low half. */
export const interestingOperands = ({ name, operands }: Operation, random: Random): bigint[] => {
  if (name.includes('_from_')) return [interestingInteger(random)]
  const format = name.startsWith('f32') ? 'f32' : 'f64'
  const pool = new Pool(format, random)
  const a = pool.any()
  if (operands.length === 1) {
    if (name !== 'f64_to_f32' || random.below(2) === 0) return [a]
    // Around the limits of the narrow format, the bits behind its last place all alike but a few.
    const exponent = 1023 + pick(random, [-126, -127, -128, -149, -150, -151, 0, 127, 128]) + random.below(2)
    const low = pick(random, [0n, 1n, 0xfff_ffffn, 0x1000_0000n, 0x1000_0001n, 0x1fff_ffffn])
    const high = pick(random, [0x7fffffn, 0n, 1n, BigInt(random.below(1 << 23))])
    return [pool.pack(exponent, (high << 29n) | low)]
  }
  const related = random.below(2) === 0
  if (name === 'f64_fma' && random.below(8) === 0) return nearTie(random)
  if (/_(mul|fma)$/.test(name)) {
    const b = related ? pool.factorToLimit(a) : pool.any()
    return operands.length === 2 ? [a, b] : [a, b, random.below(3) > 0 ? pool.addend(a, b) : pool.any()]
  }
  if (name.endsWith('_div')) return [a, related ? pool.divisorToLimit(a) : pool.any()]
  return [a, related ? pool.near(a) : pool.any()]
}
