import type { FunctionRef } from '../wasm/code.ts'
import type { ModuleBuilder } from '../wasm/module.ts'
import { f32, f64, i32, i64, load, loads, select } from '../wasm/value.ts'
import type { I64 } from '../wasm/value.ts'
import { binary32, binary64, decompose, exponentField, Flag, isNaN, isZero, magnitude, raise, Rounding, signOf, sticky } from './binary.ts'
import type { Binary } from './binary.ts'
import { hostFirst, leastSafeExponent } from './host.ts'
import type { Ending } from './pack.ts'

/** The integer types numbers are converted to and from. */
export interface IntegerType {
  readonly name: 'i32' | 'u32' | 'i64' | 'u64'
  readonly signed: boolean
  readonly width: 32 | 64
}
export const integerTypes: readonly IntegerType[] = [
  { name: 'i32', signed: true, width: 32 },
  { name: 'u32', signed: false, width: 32 },
  { name: 'i64', signed: true, width: 64 },
  { name: 'u64', signed: false, width: 64 },
]

/**
 * `(status, rounding, a)`: to an integer, 32-bit ones sign-extended from bit 31. What does not fit is invalid and becomes the
 * nearest integer that does, a NaN the greatest ("F" extension, single-precision conversion instructions).
 */
export const defineToInteger = <T extends 'i32' | 'i64'>(
  module: ModuleBuilder,
  format: Binary<T>,
  integer: IntegerType,
): FunctionRef<readonly ['i32', 'i32', T], 'i64'> => {
  const { width, signed } = integer
  const greatest = (1n << BigInt(signed ? width - 1 : width)) - 1n
  /** The least integer's magnitude. */
  const least = signed ? greatest + 1n : 0n
  const extend = (value: I64): I64 => (width === 32 ? i64.extend32S(value) : value)

  return module.function(`${format.name}_to_${integer.name}`, ['i32', 'i32', format.raw], 'i64', (code, status, rounding, a) => {
    const x = code.let(format.widen(a))
    const negative = code.let(signOf(format, x))
    const exponent = code.let(i32.sub(exponentField(format, x), i32.const(format.bias)))
    /** The leading bit at 63, everything above it shifted out. */
    const significand = code.let(i64.shl(i64.or(x, i64.const(format.hidden)), i64.const(BigInt(63 - format.fraction))))
    const whole = code.variable(i64.const(0n))
    /** The fraction, its half at bit 63. */
    const rest = code.variable(i64.const(0n))
    const saturate = (): void => {
      raise(code, status, Flag.invalid)
      const high = i32.or(isNaN(format, x), i32.eqz(negative))
      code.return(select(high, extend(i64.const(greatest)), extend(i64.const(-least))))
    }

    code.if(i32.ltU(exponent, i32.const(64)), () => {
      const places = i64.extendU(exponent)
      code.set(whole, i64.shrU(significand, i64.sub(i64.const(63n), places)))
      // Two shifts, so that 64 in all leave nothing.
      code.set(rest, i64.shl(i64.shl(significand, places), i64.const(1n)))
    }, () => {
      code.if(i32.gtS(exponent, i32.const(0)), saturate)
      const tiny = sticky(magnitude(format, x))
      code.set(rest, select(i32.eq(exponent, i32.const(-1)), significand, tiny))
    }, true)

    code.if(i64.ne(rest, i64.const(0n)), () => {
      const half = i64.const(1n << 63n)
      const aboveHalf = i64.gtU(rest, half)
      const tieUp = i32.and(i64.eq(rest, half), i32.or(i32.wrap(whole), i32.eq(rounding, i32.const(Rounding.nearestAway))))
      const toNearest = i32.or(aboveHalf, tieUp)
      const away = i32.eq(rounding, i32.sub(i32.const(Rounding.up), negative))
      const isNearest = i32.eqz(i32.and(rounding, i32.const(3)))
      code.set(whole, i64.add(whole, i64.extendU(select(isNearest, toNearest, away))))
    })
    code.if(i64.gtU(whole, select(negative, i64.const(least), i64.const(greatest))), saturate, undefined, false)
    code.if(i64.ne(rest, i64.const(0n)), () => raise(code, status, Flag.inexact))
    code.return(extend(select(negative, i64.sub(i64.const(0n), whole), whole)))
  })
}

/** `(status, rounding, value)`: from an integer; of `value` the low 32 bits count for 32-bit types. */
export const defineFromInteger = <T extends 'i32' | 'i64'>(
  module: ModuleBuilder,
  format: Binary<T>,
  ending: Ending<T>,
  integer: IntegerType,
): FunctionRef<readonly ['i32', 'i32', 'i64'], T> =>
  module.function(`${format.name}_from_${integer.name}`, ['i32', 'i32', 'i64'], format.raw, (code, status, rounding, value) => {
    const { width, signed } = integer
    if (width === 32) code.set(value, signed ? i64.extend32S(value) : i64.and(value, i64.const(0xffffffffn)))
    if (width <= format.fraction) {
      code.return(format.host.fromI64(value))
      return
    }
    // The host converts signed integers: exactly those that fit the significand, others to nearest even.
    const limit = 1n << BigInt(format.fraction + 1)
    const fits = signed
      ? i64.ltU(i64.add(value, i64.const(limit)), i64.const(2n * limit))
      : i64.ltU(value, i64.const(limit))
    const knownInexact = i32.and(i32.eqz(rounding), i32.and(load(loads.i32, status), i32.const(Flag.inexact)))
    const hostReads = signed ? i32.const(1) : i64.geS(value, i64.const(0n))
    code.if(i32.or(fits, i32.and(hostReads, knownInexact)), () => {
      code.return(format.host.fromI64(value))
    })
    const negative = code.let(signed ? i32.wrap(i64.shrU(value, i64.const(63n))) : i32.const(0))
    if (signed) code.if(negative, () => code.set(value, i64.sub(i64.const(0n), value)))
    const zeros = code.let(i64.clz(value))
    // The leading bit to 63, then to 62.
    const aligned = code.let(i64.shl(value, zeros))
    const significand = i64.or(i64.shrU(aligned, i64.const(1n)), i64.and(aligned, i64.const(1n)))
    const exponent = i32.sub(i32.const(format.bias + 63), i32.wrap(zeros))
    code.return(code.callFor(ending.roundPack, status, rounding, negative, exponent, significand))
  })

/** `f32_to_f64(status, a)`: exact. */
export const defineWiden = (module: ModuleBuilder, ending: Ending<'i64'>): FunctionRef<readonly ['i32', 'i32'], 'i64'> =>
  module.function('f32_to_f64', ['i32', 'i32'], 'i64', (code, status, a) => {
    const x = code.let(binary32.widen(a))
    code.if(isNaN(binary32, x), () => {
      // The quiet bit and what distinguishes NaNs from infinity keep their places at the fraction's top.
      const wide = i64.or(i64.const(binary64.infinity), i64.shl(i64.and(x, i64.const(binary32.hidden - 1n)), i64.const(29n)))
      code.return(code.callFor(ending.propagate, status, wide, wide))
    }, undefined, false)
    code.return(i64.reinterpret(f64.promote(f32.reinterpret(a))))
  })

/** `f64_to_f32(status, rounding, a)` */
export const defineNarrow = (module: ModuleBuilder, ending: Ending<'i32'>): FunctionRef<readonly ['i32', 'i32', 'i64'], 'i32'> =>
  module.function('f64_to_f32', ['i32', 'i32', 'i64'], 'i32', (code, status, rounding, a) => {
    hostFirst(code, binary32, status, rounding, {
      compute: () => i32.reinterpret(f32.demote(f64.reinterpret(a))),
      least: leastSafeExponent,
      settle: (result) => {
        const changed = i32.eqz(f64.eq(f64.promote(f32.reinterpret(result)), f64.reinterpret(a)))
        code.if(changed, () => raise(code, status, Flag.inexact))
        code.return(result)
      },
    })
    const sign = code.let(signOf(binary64, a))
    const bits = i64.extendU(i32.shl(sign, i32.const(31)))
    code.if(i32.eq(exponentField(binary64, a), i32.const(binary64.top)), () => {
      code.if(isNaN(binary64, a), () => {
        const quiet = i64.shrU(i64.and(a, i64.const(binary64.quiet)), i64.const(29n))
        const narrow = code.let(i64.or(i64.const(binary32.infinity | 1n), quiet))
        code.return(code.callFor(ending.propagate, status, narrow, narrow))
      })
      code.return(i32.wrap(i64.or(bits, i64.const(binary32.infinity))))
    }, undefined, false)
    code.if(isZero(binary64, a), () => {
      code.return(i32.wrap(bits))
    }, undefined, false)
    const { exponent, significand } = decompose(code, binary64, a)
    const rebiased = i32.sub(exponent, i32.const(binary64.bias - binary32.bias))
    code.return(code.callFor(ending.roundPack, status, rounding, sign, rebiased, significand))
  })
