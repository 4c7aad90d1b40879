import type { FunctionRef } from '../wasm/code.ts'
import type { ModuleBuilder } from '../wasm/module.ts'
import { i32, i64, select } from '../wasm/value.ts'
import type { I32, I64 } from '../wasm/value.ts'
import { decompose, exponentField, isInfinite, isNaN, isZero, Rounding, shiftRightSticky, signOf, sticky } from './binary.ts'
import type { Binary } from './binary.ts'
import { multiplyHigh } from './multiply.ts'
import type { Ending } from './pack.ts'

/** `(status, rounding, a, b, c)` */
export type TernaryOperation<T extends 'i32' | 'i64'> = FunctionRef<readonly ['i32', 'i32', T, T, T], T>

/** `a * b + c` rounded once (IEEE 754-2019, section 5.4.1), through a 128-bit sum. */
export const defineExactFma = <T extends 'i32' | 'i64'>(
  module: ModuleBuilder,
  format: Binary<T>,
  ending: Ending<T>,
): TernaryOperation<T> => {
  const { name, raw } = format
  return module.function(`${name}_fma_exact`, ['i32', 'i32', raw, raw, raw], raw, (code, status, rounding, a, b, c) => {
    const x = code.let(format.widen(a))
    const y = code.let(format.widen(b))
    const z = code.let(format.widen(c))
    const sign = code.variable(signOf(format, i64.xor(x, y)))
    const opposed = code.let(i32.xor(sign, signOf(format, z)))
    const top = i32.const(format.top)
    const signBit = i64.shl(i64.extendU(sign), i64.const(BigInt(format.width - 1)))
    const isUnusual = (bits: I64): I32 => i32.eq(exponentField(format, bits), top)
    code.if(i32.or(i32.or(isUnusual(x), isUnusual(y)), isUnusual(z)), () => {
      const infinite = code.let(i32.or(isInfinite(format, x), isInfinite(format, y)))
      // Infinity times zero is invalid even if a quiet NaN is added ("F" extension, fused multiply-add).
      code.if(i32.and(infinite, i32.or(isZero(format, x), isZero(format, y))), () => {
        code.return(code.callFor(ending.invalid, status))
      })
      code.if(i32.or(isNaN(format, x), isNaN(format, y)), () => {
        code.if(isNaN(format, z), () => {
          // A signaling addend counts next to NaN factors too.
          code.call(ending.propagate, status, z, z)
        })
        code.return(code.callFor(ending.propagate, status, x, y))
      })
      code.if(isNaN(format, z), () => {
        code.return(code.callFor(ending.propagate, status, z, z))
      })
      code.if(infinite, () => {
        code.if(i32.and(opposed, isInfinite(format, z)), () => {
          code.return(code.callFor(ending.invalid, status))
        })
        code.return(format.narrow(i64.or(signBit, i64.const(format.infinity))))
      })
      code.return(c)
    }, undefined, false)
    const differenceZero = select(i32.eq(rounding, i32.const(Rounding.down)), i64.const(format.signBit), i64.const(0n))
    code.if(i32.or(isZero(format, x), isZero(format, y)), () => {
      code.return(format.narrow(select(i32.and(opposed, isZero(format, z)), differenceZero, z)))
    }, undefined, false)

    const p = decompose(code, format, x)
    const q = decompose(code, format, y)
    const r = decompose(code, format, z)
    // The product, its leading bit at 124 or 125, and the addend, its leading bit at 124: both far from bit 0, so that
    // aligning loses bits only from an operand too small to cancel more than one place of the other.
    const productHigh = code.variable(multiplyHigh(code, p.significand, q.significand))
    const productLow = code.variable(i64.mul(p.significand, q.significand))
    const exponent = code.variable(i32.sub(i32.add(p.exponent, q.exponent), i32.const(format.bias)))
    const addendHigh = code.variable(i64.shrU(r.significand, i64.const(2n)))
    const addendLow = code.variable(i64.const(0n))
    const distance = code.variable(i32.sub(exponent, r.exponent))
    code.if(i32.geS(distance, i32.const(0)), () => {
      code.if(i32.ltU(distance, i32.const(64)), () => {
        const count = i64.extendU(distance)
        code.if(distance, () => {
          code.set(addendLow, i64.shl(addendHigh, i64.sub(i64.const(64n), count)))
        })
        code.set(addendHigh, i64.shrU(addendHigh, count))
      }, () => {
        code.set(addendLow, shiftRightSticky(code, addendHigh, i32.sub(distance, i32.const(64))))
        code.set(addendHigh, i64.const(0n))
      })
    }, () => {
      // Of a product that ends up below bit 64 only that it is not zero counts. That is also right when the addend is zero:
      // its exponent is that of half the smallest subnormal number.
      code.set(exponent, r.exponent)
      code.set(distance, i32.sub(i32.const(0), distance))
      code.if(i32.ltU(distance, i32.const(64)), () => {
        const count = code.let(i64.extendU(distance))
        const back = code.let(i64.sub(i64.const(64n), count))
        const lost = sticky(i64.shl(productLow, back))
        code.set(productLow, i64.or(i64.or(i64.shl(productHigh, back), i64.shrU(productLow, count)), lost))
        code.set(productHigh, i64.shrU(productHigh, count))
      }, () => {
        code.set(productLow, shiftRightSticky(code, productHigh, i32.sub(distance, i32.const(64))))
        code.set(productHigh, i64.const(0n))
      })
    })

    code.if(opposed, () => {
      const borrow = i64.extendU(i64.ltU(productLow, addendLow))
      code.set(productHigh, i64.sub(i64.sub(productHigh, addendHigh), borrow))
      code.set(productLow, i64.sub(productLow, addendLow))
      code.if(i64.ltS(productHigh, i64.const(0n)), () => {
        code.set(productLow, i64.sub(i64.const(0n), productLow))
        code.set(productHigh, i64.add(i64.xor(productHigh, i64.const(-1n)), i64.extendU(i64.eqz(productLow))))
        code.set(sign, i32.xor(sign, i32.const(1)))
      })
      code.if(i64.eqz(i64.or(productHigh, productLow)), () => {
        code.return(format.narrow(differenceZero))
      }, undefined, false)
    }, () => {
      code.set(productLow, i64.add(productLow, addendLow))
      const carry = i64.extendU(i64.ltU(productLow, addendLow))
      code.set(productHigh, i64.add(i64.add(productHigh, addendHigh), carry))
    })

    // Normalize: the leading bit to 126.
    code.if(i64.eqz(productHigh), () => {
      // All that is left is below bit 64; room is made at its top for the shift that follows.
      code.set(productHigh, i64.shrU(productLow, i64.const(1n)))
      code.set(productLow, i64.shl(productLow, i64.const(63n)))
      code.set(exponent, i32.sub(exponent, i32.const(63)))
    }, undefined, false)
    const shift = code.let(i64.sub(i64.clz(productHigh), i64.const(1n)))
    code.if(i64.ne(shift, i64.const(0n)), () => {
      code.set(productHigh, i64.or(i64.shl(productHigh, shift), i64.shrU(productLow, i64.sub(i64.const(64n), shift))))
      code.set(productLow, i64.shl(productLow, shift))
    })
    const normalized = i32.sub(i32.add(exponent, i32.const(2)), i32.wrap(shift))
    code.return(code.callFor(ending.roundPack, status, rounding, sign, normalized, i64.or(productHigh, sticky(productLow))))
  })
}
