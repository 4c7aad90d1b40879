import type { FunctionRef } from '../wasm/code.ts'
import type { ModuleBuilder } from '../wasm/module.ts'
import { f64, i32, i64, select } from '../wasm/value.ts'
import { decompose, isNaN, isZero, signOf, sticky } from './binary.ts'
import type { Binary } from './binary.ts'
import { hostFirst, productFits } from './host.ts'
import type { Ending } from './pack.ts'

/** `(status, rounding, a)`: square root (IEEE 754-2019, section 5.4.1). */
export const defineSquareRoot = <T extends 'i32' | 'i64'>(
  module: ModuleBuilder,
  format: Binary<T>,
  ending: Ending<T>,
): FunctionRef<readonly ['i32', 'i32', T], T> => {
  const { name, raw, host, bias } = format
  return module.function(`${name}_sqrt`, ['i32', 'i32', raw], raw, (code, status, rounding, a) => {
    hostFirst(code, format, status, rounding, {
      compute: () => host.sqrt(a),
      // A finite root is never subnormal, and zero only of zero.
      least: 0,
      settle: (root) => {
        code.if(i32.and(productFits(format, root, root), host.eq(host.mul(root, root), a)), () => {
          code.return(root)
        })
      },
    })

    const x = code.let(format.widen(a))
    code.if(isNaN(format, x), () => {
      code.return(code.callFor(ending.propagate, status, x, x))
    }, undefined, false)
    code.if(isZero(format, x), () => {
      code.return(a)
    }, undefined, false)
    code.if(signOf(format, x), () => {
      code.return(code.callFor(ending.invalid, status))
    }, undefined, false)
    code.if(i64.eq(x, i64.const(format.infinity)), () => {
      code.return(a)
    }, undefined, false)

    const p = decompose(code, format, x)
    // In [1, 4) as a multiple of 2^-52, with an even exponent in front.
    const odd = code.let(i32.and(i32.sub(p.exponent, i32.const(bias)), i32.const(1)))
    const radicand = code.let(i64.shl(i64.shrU(p.significand, i64.const(10n)), i64.extendU(odd)))
    const exponent = i32.add(i32.shrS(i32.sub(i32.sub(p.exponent, i32.const(bias)), odd), i32.const(1)), i32.const(bias))
    // The host's root of radicand * 2^-52 is off by less than one unit of 2^-52; the remainder, computed modulo 2^64, tells the true floor.
    const scaled = f64.mul(f64.convertI64S(radicand), f64.const(2 ** -52))
    const root = code.variable(i64.sub(i64.reinterpret(f64.sqrt(scaled)), i64.const((1023n - 1n) << 52n)))
    const remainder = code.variable(i64.sub(i64.shl(radicand, i64.const(52n)), i64.mul(root, root)))
    code.if(i64.ltS(remainder, i64.const(0n)), () => {
      code.set(root, i64.sub(root, i64.const(1n)))
      code.set(remainder, i64.add(remainder, i64.add(i64.shl(root, i64.const(1n)), i64.const(1n))))
    })
    // (root + 1/2)^2 = root^2 + root + 1/4: the fraction behind the root is above one half if the remainder is above the root.
    const half = select(i64.gtU(remainder, root), i64.const(1n << 9n), i64.const(0n))
    const significand = i64.or(i64.or(i64.shl(root, i64.const(10n)), half), sticky(remainder))
    code.return(code.callFor(ending.roundPack, status, rounding, i32.const(0), exponent, significand))
  })
}
