import type { Random } from '../isa/random.ts'
import { dataBytes } from './stream.ts'

const unsigned = (value: bigint): bigint => BigInt.asUintN(64, value)

/** An integer where carries, signs, shifts and divisions have their limits, or any. */
export const integer = (random: Random): bigint => {
  const power = 1n << BigInt(random.below(64))
  switch (random.below(8)) {
    case 0: return BigInt(random.below(32))
    case 1: return unsigned(-BigInt(random.below(32)))
    case 2: return unsigned(power + BigInt(random.below(3) - 1))
    case 3: return unsigned(-power + BigInt(random.below(3) - 1))
    case 4: return BigInt(random.bits32())
    case 5: return unsigned(BigInt(random.bits32() | 0))
    default: return unsigned(random.bits64())
  }
}

/** A float of 32 or 64 bits: zeros, infinities, NaNs, subnormals, limits, numbers close to 1, ties, or any bits. */
const float = (random: Random, width: 32 | 64): bigint => {
  const [fraction, top] = width === 32 ? [23, 255] : [52, 2047]
  const bias = (top - 1) / 2
  const all = (1n << BigInt(fraction)) - 1n
  const field = [0n, all, 1n << BigInt(random.below(fraction)), all - ((1n << BigInt(random.below(fraction))) - 1n), unsigned(random.bits64()) & all][random.below(5)]!
  const exponents = [0, 0, 1, top, top, top - 1, bias, bias + 1, bias - 1, bias + random.below(70), random.below(top)]
  const exponent = exponents[random.below(exponents.length)]!
  return (BigInt(random.below(2)) << BigInt(width - 1)) | (BigInt(exponent) << BigInt(fraction)) | field
}

/** A float register: a double, a boxed single, or a single in a wrong box. */
export const floatRegister = (random: Random): bigint => {
  switch (random.below(8)) {
    case 0: return unsigned(random.bits64())
    case 1: case 2: case 3: return 0xffff_ffff_0000_0000n | float(random, 32)
    default: return float(random, 64)
  }
}

/** Memory of integers and floats of either width. */
export const data = (random: Random): Uint8Array => {
  const bytes = new Uint8Array(dataBytes)
  const view = new DataView(bytes.buffer)
  for (let at = 0; at < dataBytes; at += 8) {
    // Most of it is noise, which is quicker made.
    const kind = random.below(16)
    if (kind === 0) view.setBigUint64(at, integer(random), true)
    else if (kind === 1) view.setBigUint64(at, float(random, 64), true)
    else if (kind === 2) view.setBigUint64(at, (float(random, 32) << 32n) | float(random, 32), true)
    else {
      view.setUint32(at, random.bits32(), true)
      view.setUint32(at + 4, random.bits32(), true)
    }
  }
  return bytes
}

/** A valid dynamic rounding mode, and flags. */
export const floatStatus = (random: Random): number => (random.below(5) << 5) | [0, 0, 1, 31, random.below(32)][random.below(5)]!
