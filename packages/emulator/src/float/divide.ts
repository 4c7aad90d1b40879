import type { ModuleBuilder } from '../wasm/module.ts'
import { f64, i32, i64 } from '../wasm/value.ts'
import type { BinaryOperation } from './add.ts'
import { decompose, exponentField, Flag, isInfinite, isNaN, isZero, raise, signOf, sticky } from './binary.ts'
import type { Binary } from './binary.ts'
import { hostFirst, leastSafeExponent, productFits } from './host.ts'
import type { Ending } from './pack.ts'

/** Division (IEEE 754-2019, section 5.4.1). */
export const defineDivide = <T extends 'i32' | 'i64'>(
  module: ModuleBuilder,
  format: Binary<T>,
  ending: Ending<T>,
): BinaryOperation<T> => {
  const exact = defineExactDivide(module, format, ending)
  const { name, raw, host } = format
  return module.function(`${name}_div`, ['i32', 'i32', raw, raw], raw, (code, status, rounding, a, b) => {
    hostFirst(code, format, status, rounding, {
      compute: () => host.div(a, b),
      least: leastSafeExponent,
      settle: (quotient) => {
        // The quotient times the divisor differs from the dividend by less than half a unit of its last place. If it has no
        // more bits than the format, it is the dividend.
        code.if(productFits(format, quotient, b), () => {
          code.return(quotient)
        })
      },
    })
    code.return(code.callFor(exact, status, rounding, a, b))
  })
}

const defineExactDivide = <T extends 'i32' | 'i64'>(module: ModuleBuilder, format: Binary<T>, ending: Ending<T>): BinaryOperation<T> =>
  module.function(`${format.name}_div_exact`, ['i32', 'i32', format.raw, format.raw], format.raw, (code, status, rounding, a, b) => {
    const x = code.let(format.widen(a))
    const y = code.let(format.widen(b))
    const sign = code.let(i64.and(i64.xor(x, y), i64.const(format.signBit)))
    const top = i32.const(format.top)
    code.if(i32.or(i32.eq(exponentField(format, x), top), i32.eq(exponentField(format, y), top)), () => {
      code.if(i32.or(isNaN(format, x), isNaN(format, y)), () => {
        code.return(code.callFor(ending.propagate, status, x, y))
      })
      code.if(isInfinite(format, y), () => {
        code.if(isInfinite(format, x), () => {
          code.return(code.callFor(ending.invalid, status))
        })
        code.return(format.narrow(sign))
      })
      code.return(format.narrow(i64.or(sign, i64.const(format.infinity))))
    }, undefined, false)
    code.if(isZero(format, y), () => {
      code.if(isZero(format, x), () => {
        code.return(code.callFor(ending.invalid, status))
      })
      raise(code, status, Flag.divideByZero)
      code.return(format.narrow(i64.or(sign, i64.const(format.infinity))))
    }, undefined, false)
    code.if(isZero(format, x), () => {
      code.return(format.narrow(sign))
    }, undefined, false)

    const p = decompose(code, format, x)
    const q = decompose(code, format, y)
    const exponent = code.variable(i32.add(i32.sub(p.exponent, q.exponent), i32.const(format.bias)))
    // As 53-bit integers, the dividend doubled if it is the smaller, so that the quotient is in [1, 2).
    const divisor = code.let(i64.shrU(q.significand, i64.const(10n)))
    const dividend = code.variable(i64.shrU(p.significand, i64.const(10n)))
    code.if(i64.ltU(dividend, divisor), () => {
      code.set(dividend, i64.shl(dividend, i64.const(1n)))
      code.set(exponent, i32.sub(exponent, i32.const(1)))
    })
    // The host's quotient, times 2^52, is off by less than one unit; the remainder, computed modulo 2^64, tells the true floor.
    const estimate = i64.reinterpret(f64.div(f64.convertI64S(dividend), f64.convertI64S(divisor)))
    const quotient = code.variable(i64.sub(estimate, i64.const((1023n - 1n) << 52n)))
    const remainder = code.variable(i64.sub(i64.shl(dividend, i64.const(52n)), i64.mul(quotient, divisor)))
    code.if(i64.ltS(remainder, i64.const(0n)), () => {
      code.set(quotient, i64.sub(quotient, i64.const(1n)))
      code.set(remainder, i64.add(remainder, divisor))
    })
    // Ten more bits from the remainder.
    const scaled = code.let(i64.shl(remainder, i64.const(10n)))
    const digits = code.let(i64.divU(scaled, divisor))
    const rest = sticky(i64.sub(scaled, i64.mul(digits, divisor)))
    const significand = i64.or(i64.or(i64.shl(quotient, i64.const(10n)), digits), rest)
    code.return(code.callFor(ending.roundPack, status, rounding, signOf(format, sign), exponent, significand))
  })
