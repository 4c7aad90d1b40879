import type { Code } from '../wasm/code.ts'
import type { ModuleBuilder } from '../wasm/module.ts'
import { f32, f64, i32, i64, load, loads } from '../wasm/value.ts'
import type { F64 } from '../wasm/value.ts'
import { binary32, binary64, exponentField, Flag, magnitude } from './binary.ts'
import type { TernaryOperation } from './fma.ts'
import { hostFirst, leastSafeExponent, returnWith } from './host.ts'

// WebAssembly has no fused multiply-add, but its multiplications and additions mostly suffice to compute one.

/** What the rounded sum of two numbers lacks of the true one (Knuth's TwoSum): exact unless something overflows. */
const sumError = (code: Code, a: F64, b: F64, sum: F64): F64 => {
  const ofB = code.let(f64.sub(sum, a))
  const ofA = f64.sub(sum, ofB)
  return code.let(f64.add(f64.sub(a, ofA), f64.sub(b, ofB)))
}

/** Singles are multiplied exactly and added nearly exactly as doubles. */
export const defineSingleFma = (module: ModuleBuilder, exact: TernaryOperation<'i32'>): TernaryOperation<'i32'> =>
  module.function('f32_fma', ['i32', 'i32', 'i32', 'i32', 'i32'], 'i32', (code, status, rounding, a, b, c) => {
    const wide = (raw: typeof a): F64 => f64.promote(f32.reinterpret(raw))
    const product = code.local('f64')
    const addend = code.local('f64')
    const sum = code.local('f64')
    hostFirst(code, binary32, status, rounding, {
      compute: () => {
        code.set(product, f64.mul(wide(a), wide(b)))
        code.set(addend, wide(c))
        code.set(sum, f64.add(product, addend))
        return i32.reinterpret(f32.demote(sum))
      },
      least: leastSafeExponent,
      // Rounding twice goes wrong only if the first time led to the middle between two singles.
      sure: () => i64.ne(i64.and(i64.reinterpret(sum), i64.const(0x1fff_ffffn)), i64.const(0x1000_0000n)),
      settle: (result) => {
        const narrowed = f64.eq(f64.promote(f32.reinterpret(result)), sum)
        const added = f64.eq(sumError(code, product, addend, sum), f64.const(0))
        returnWith(code, status, result, i32.eqz(i32.and(narrowed, added)))
      },
    })
    code.return(code.callFor(exact, status, rounding, a, b, c))
  })

/**
 * Doubles are computed with about twice their precision; if a bound of the error, added and subtracted, makes no difference to
 * the rounded result, it is the right one. Exactness stays unknown, so this serves only once inexact is raised.
 */
export const defineDoubleFma = (module: ModuleBuilder, exact: TernaryOperation<'i64'>): TernaryOperation<'i64'> =>
  module.function('f64_fma', ['i32', 'i32', 'i64', 'i64', 'i64'], 'i64', (code, status, rounding, a, b, c) => {
    // Inexact raised and rounding to nearest even: 1 is above 0.
    code.if(i32.gtU(i32.and(load(loads.i32, status), i32.const(Flag.inexact)), rounding), () => {
      const [x, y, z] = [code.let(f64.reinterpret(a)), code.let(f64.reinterpret(b)), code.let(f64.reinterpret(c))]
      const product = code.let(f64.mul(x, y))
      const productField = exponentField(binary64, i64.reinterpret(product))
      // Far enough from both ends for every intermediate result below to be a normal number or exact.
      code.if(i32.ltU(i32.sub(productField, i32.const(300)), i32.const(1700)), () => {
        // Heads of 26 and tails of 27 bits; the products of heads and tails give what the rounded product lacks (Dekker), to
        // within 2^-103 of it.
        const head = (raw: typeof a): F64 => code.let(f64.reinterpret(i64.and(raw, i64.const(-1n << 27n))))
        const [xh, yh] = [head(a), head(b)]
        const [xt, yt] = [code.let(f64.sub(x, xh)), code.let(f64.sub(y, yh))]
        const crossed = f64.add(f64.add(f64.sub(f64.mul(xh, yh), product), f64.mul(xh, yt)), f64.mul(xt, yh))
        const productRest = code.let(f64.add(crossed, f64.mul(xt, yt)))
        const sum = code.let(f64.add(product, z))
        const rest = code.let(f64.add(sumError(code, product, z, sum), productRest))
        // Both rests are below 2^-53 of what they belong to, and the roundings since below 2^-51 of that.
        const absolute = (value: F64): F64 => f64.reinterpret(magnitude(binary64, i64.reinterpret(value)))
        const bound = code.let(f64.mul(f64.add(absolute(product), absolute(sum)), f64.const(2 ** -101)))
        const result = code.let(f64.add(sum, f64.add(rest, bound)))
        const bits = code.let(i64.reinterpret(result))
        const field = exponentField(binary64, bits)
        const ordinary = i32.ltU(i32.sub(field, i32.const(leastSafeExponent)), i32.const(binary64.top - 2 * leastSafeExponent))
        code.if(i32.and(ordinary, f64.eq(result, f64.add(sum, f64.sub(rest, bound)))), () => {
          code.return(bits)
        }, undefined, true)
      }, undefined, true)
    }, undefined, true)
    code.return(code.callFor(exact, status, rounding, a, b, c))
  })
