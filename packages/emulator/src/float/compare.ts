import type { FunctionRef } from '../wasm/code.ts'
import type { ModuleBuilder } from '../wasm/module.ts'
import { i32, i64, select } from '../wasm/value.ts'
import type { I32 } from '../wasm/value.ts'
import { exponentField, Flag, isNaN, isSignaling, magnitude, raise, signOf } from './binary.ts'
import type { Binary } from './binary.ts'
import type { Ending } from './pack.ts'

/** `(status, a, b)`: comparisons that yield 0 or 1 (IEEE 754-2019, section 5.11). */
export type Comparison<T extends 'i32' | 'i64'> = FunctionRef<readonly ['i32', T, T], 'i32'>

/** `eq` is quiet; `lt` and `le` find any NaN invalid. */
export const defineCompare = <T extends 'i32' | 'i64'>(
  module: ModuleBuilder,
  format: Binary<T>,
): Record<'eq' | 'lt' | 'le', Comparison<T>> => {
  const define = (predicate: 'eq' | 'lt' | 'le'): Comparison<T> =>
    module.function(`${format.name}_${predicate}`, ['i32', format.raw, format.raw], 'i32', (code, status, a, b) => {
      const unordered = i32.eqz(i32.and(format.host.eq(a, a), format.host.eq(b, b)))
      code.if(unordered, () => {
        const signaling = i32.or(isSignaling(format, format.widen(a)), isSignaling(format, format.widen(b)))
        code.if(predicate === 'eq' ? signaling : i32.const(1), () => raise(code, status, Flag.invalid))
      }, undefined, false)
      code.return(format.host[predicate](a, b))
    })
  return { eq: define('eq'), lt: define('lt'), le: define('le') }
}

/**
 * `(status, a, b)`: minimumNumber and maximumNumber (IEEE 754-2019, section 9.6): -0 is less than +0, the other operand of a
 * NaN is the result, a signaling NaN is invalid all the same.
 */
export const defineMinMax = <T extends 'i32' | 'i64'>(
  module: ModuleBuilder,
  format: Binary<T>,
  ending: Ending<T>,
): Record<'min' | 'max', FunctionRef<readonly ['i32', T, T], T>> => {
  const { name, raw, host } = format
  const define = (which: 'min' | 'max'): FunctionRef<readonly ['i32', T, T], T> =>
    module.function(`${name}_${which}`, ['i32', raw, raw], raw, (code, status, a, b) => {
      const [x, y] = [format.widen(a), format.widen(b)]
      code.if(i32.eqz(i32.and(host.eq(a, a), host.eq(b, b))), () => {
        const canonical = code.callFor(ending.propagate, status, x, y)
        code.if(i32.eqz(isNaN(format, x)), () => {
          code.return(a)
        })
        code.if(i32.eqz(isNaN(format, y)), () => {
          code.return(b)
        })
        code.return(canonical)
      }, undefined, false)
      // Equal operands differ in the sign of zero at most.
      const takesFirst = which === 'min'
        ? i32.or(host.lt(a, b), i32.and(host.eq(a, b), signOf(format, x)))
        : i32.or(host.lt(b, a), i32.and(host.eq(a, b), i32.eqz(signOf(format, x))))
      code.return(select(takesFirst, a, b))
    })
  return { min: define('min'), max: define('max') }
}

/**
 * `(status, a)`: one bit of ten, as RISC-V's `fclass` numbers them: 0 -infinity, 1 negative normal, 2 negative subnormal,
 * 3 -0, 4 +0, 5 positive subnormal, 6 positive normal, 7 +infinity, 8 signaling NaN, 9 quiet NaN.
 */
export const defineClass = <T extends 'i32' | 'i64'>(module: ModuleBuilder, format: Binary<T>): FunctionRef<readonly ['i32', T], 'i32'> =>
  module.function(`${format.name}_class`, ['i32', format.raw], 'i32', (code, _status, a) => {
    const x = code.let(format.widen(a))
    code.if(isNaN(format, x), () => {
      code.return(select(isSignaling(format, x), i32.const(1 << 8), i32.const(1 << 9)))
    }, undefined, false)
    const exponent = code.let(exponentField(format, x))
    // 0 zero, 1 subnormal, 2 normal, 3 infinity: bits 4 and up for positive numbers, 3 and down for negative ones.
    const small: I32 = i64.ne(magnitude(format, x), i64.const(0n))
    const size = code.let(select(exponent, i32.add(i32.const(2), i32.eq(exponent, i32.const(format.top))), small))
    code.return(i32.shl(i32.const(1), select(signOf(format, x), i32.sub(i32.const(3), size), i32.add(i32.const(4), size))))
  })
