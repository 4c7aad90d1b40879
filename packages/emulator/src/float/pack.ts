import type { FunctionRef } from '../wasm/code.ts'
import type { ModuleBuilder } from '../wasm/module.ts'
import { i32, i64, select } from '../wasm/value.ts'
import { Flag, isSignaling, raise, Rounding, shiftRightSticky } from './binary.ts'
import type { Binary } from './binary.ts'

/** How every operation of a format ends. */
export interface Ending<T extends 'i32' | 'i64'> {
  /**
   * `(status, rounding, sign, exponent, significand)`: rounds `significand / 2^62 * 2^(exponent - bias)` into the format
   * and raises overflow, underflow and inexact. The leading bit is at 62; bit 0 also stands for anything nonzero below it.
   */
  readonly roundPack: FunctionRef<readonly ['i32', 'i32', 'i32', 'i32', 'i64'], T>
  /** `(status, a, b)`: what an operation on these, at least one a NaN, delivers; a signaling NaN is invalid. */
  readonly propagate: FunctionRef<readonly ['i32', 'i64', 'i64'], T>
  /** `(status)`: the result of an invalid operation. */
  readonly invalid: FunctionRef<readonly ['i32'], T>
}

export const defineEnding = <T extends 'i32' | 'i64'>(module: ModuleBuilder, format: Binary<T>): Ending<T> => ({
  roundPack: defineRoundPack(module, format),
  // RISC-V keeps no payloads: every NaN result is the canonical one ("F" extension, section 20.3 NaN Generation and Propagation).
  propagate: module.function(`${format.name}_propagate`, ['i32', 'i64', 'i64'], format.raw, (code, status, a, b) => {
    code.if(i32.or(isSignaling(format, a), isSignaling(format, b)), () => raise(code, status, Flag.invalid))
    code.return(format.narrow(i64.const(format.nan)))
  }),
  invalid: module.function(`${format.name}_invalid`, ['i32'], format.raw, (code, status) => {
    raise(code, status, Flag.invalid)
    code.return(format.narrow(i64.const(format.nan)))
  }),
})

const defineRoundPack = <T extends 'i32' | 'i64'>(module: ModuleBuilder, format: Binary<T>): Ending<T>['roundPack'] => {
  const { name, fraction, top } = format
  /** Bits behind the last place of a normal number. */
  const extra = 62 - fraction
  const mask = (1n << BigInt(extra)) - 1n
  const half = 1n << BigInt(extra - 1)

  const parameters = ['i32', 'i32', 'i32', 'i32', 'i64'] as const
  return module.function(`${name}_round_pack`, parameters, format.raw, (code, status, rounding, sign, exponent, significand) => {
    const increment = code.variable(i64.const(half))
    const nearest = i32.eqz(i32.and(rounding, i32.const(3)))
    code.if(nearest, () => undefined, () => {
      // Away from zero is up for positive numbers and down for negative ones; the other directed modes truncate.
      const away = i32.eq(rounding, i32.sub(i32.const(Rounding.up), sign))
      code.set(increment, select(away, i64.const(mask), i64.const(0n)))
    }, true)
    const signBit = code.let(i64.shl(i64.extendU(sign), i64.const(BigInt(format.width - 1))))
    const carries = i64.ltS(i64.add(significand, increment), i64.const(0n))
    const flags = code.variable(i32.const(0))

    // Exponents 1 to top - 2 neither overflow nor underflow however the rounding turns out.
    code.if(i32.geU(i32.sub(exponent, i32.const(1)), i32.const(top - 2)), () => {
      code.if(i32.gtS(exponent, i32.const(0)), () => {
        code.if(i32.or(i32.gtS(exponent, i32.const(top - 1)), carries), () => {
          raise(code, status, Flag.overflow | Flag.inexact)
          const finite = i64.extendU(i64.eqz(increment))
          code.return(format.narrow(i64.or(signBit, i64.sub(i64.const(format.infinity), finite))))
        })
      }, () => {
        // Tiny after rounding: below the smallest normal number even if rounded with an unbounded exponent range.
        const tiny = i32.or(i32.ltS(exponent, i32.const(0)), i32.eqz(carries))
        code.set(flags, i32.shl(tiny, i32.const(1)))
        code.set(significand, shiftRightSticky(code, significand, i32.sub(i32.const(1), exponent)))
        code.set(exponent, i32.const(1))
      })
    }, undefined, false)

    const rest = code.let(i64.and(significand, i64.const(mask)))
    code.set(significand, i64.shrU(i64.add(significand, increment), i64.const(BigInt(extra))))
    code.if(i64.ne(rest, i64.const(0n)), () => {
      raise(code, status, i32.or(flags, i32.const(Flag.inexact)))
      const tie = i32.and(i64.eq(rest, i64.const(half)), i32.eqz(rounding))
      code.set(significand, i64.and(significand, i64.xor(i64.extendU(tie), i64.const(-1n))))
    })
    // The leading bit, and a carry out of the fraction, count up the exponent.
    const biased = i64.shl(i64.extendU(i32.sub(exponent, i32.const(1))), i64.const(BigInt(fraction)))
    code.return(format.narrow(i64.or(signBit, i64.add(biased, significand))))
  })
}
