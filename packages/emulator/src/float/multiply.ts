import type { Code, FunctionRef } from '../wasm/code.ts'
import type { ModuleBuilder } from '../wasm/module.ts'
import { i32, i64 } from '../wasm/value.ts'
import type { I64 } from '../wasm/value.ts'
import type { BinaryOperation } from './add.ts'
import { decompose, exponentField, isNaN, isZero, signOf, sticky } from './binary.ts'
import type { Binary } from './binary.ts'
import { hostFirst, leastSafeExponent, productFits } from './host.ts'
import type { Ending } from './pack.ts'

/** The upper 64 bits of the 128-bit product of two unsigned numbers. */
export const multiplyHigh = (code: Code, a: I64, b: I64): I64 => {
  const bits = i64.const(32n)
  const low = i64.const(0xffffffffn)
  const [x, y] = [code.let(a), code.let(b)]
  const [x0, x1] = [code.let(i64.and(x, low)), code.let(i64.shrU(x, bits))]
  const [y0, y1] = [code.let(i64.and(y, low)), code.let(i64.shrU(y, bits))]
  const middle = code.let(i64.add(i64.mul(x1, y0), i64.shrU(i64.mul(x0, y0), bits)))
  const cross = code.let(i64.add(i64.mul(x0, y1), i64.and(middle, low)))
  return code.let(i64.add(i64.add(i64.mul(x1, y1), i64.shrU(middle, bits)), i64.shrU(cross, bits)))
}

/** Multiplication (IEEE 754-2019, section 5.4.1). */
export const defineMultiply = <T extends 'i32' | 'i64'>(
  module: ModuleBuilder,
  format: Binary<T>,
  ending: Ending<T>,
): BinaryOperation<T> => {
  const exact = defineExactMultiply(module, format, ending)
  const { name, raw, host } = format
  return module.function(`${name}_mul`, ['i32', 'i32', raw, raw], raw, (code, status, rounding, a, b) => {
    hostFirst(code, format, status, rounding, {
      compute: () => host.mul(a, b),
      least: leastSafeExponent,
      settle: (product) => {
        code.if(productFits(format, a, b), () => {
          code.return(product)
        })
      },
    })
    code.return(code.callFor(exact, status, rounding, a, b))
  })
}

const defineExactMultiply = <T extends 'i32' | 'i64'>(
  module: ModuleBuilder,
  format: Binary<T>,
  ending: Ending<T>,
): FunctionRef<readonly ['i32', 'i32', T, T], T> =>
  module.function(`${format.name}_mul_exact`, ['i32', 'i32', format.raw, format.raw], format.raw, (code, status, rounding, a, b) => {
    const x = code.let(format.widen(a))
    const y = code.let(format.widen(b))
    const sign = code.let(i64.and(i64.xor(x, y), i64.const(format.signBit)))
    const top = i32.const(format.top)
    const hasZero = i32.or(isZero(format, x), isZero(format, y))
    code.if(i32.or(i32.eq(exponentField(format, x), top), i32.eq(exponentField(format, y), top)), () => {
      code.if(i32.or(isNaN(format, x), isNaN(format, y)), () => {
        code.return(code.callFor(ending.propagate, status, x, y))
      })
      code.if(hasZero, () => {
        code.return(code.callFor(ending.invalid, status))
      })
      code.return(format.narrow(i64.or(sign, i64.const(format.infinity))))
    }, undefined, false)
    code.if(hasZero, () => {
      code.return(format.narrow(sign))
    }, undefined, false)

    const p = decompose(code, format, x)
    const q = decompose(code, format, y)
    // Leading bits at 62 and 63: the product's is at 125 or 126.
    const multiplier = code.let(i64.shl(q.significand, i64.const(1n)))
    const high = multiplyHigh(code, p.significand, multiplier)
    const product = code.variable(i64.or(high, sticky(i64.mul(p.significand, multiplier))))
    const exponent = code.variable(i32.sub(i32.add(p.exponent, q.exponent), i32.const(format.bias - 1)))
    code.if(i64.ltU(product, i64.const(1n << 62n)), () => {
      code.set(product, i64.shl(product, i64.const(1n)))
      code.set(exponent, i32.sub(exponent, i32.const(1)))
    })
    code.return(code.callFor(ending.roundPack, status, rounding, signOf(format, sign), exponent, product))
  })
