import type { FunctionRef } from '../wasm/code.ts'
import type { ModuleBuilder } from '../wasm/module.ts'
import { i32, i64, select } from '../wasm/value.ts'
import { decompose, isNaN, magnitude, Rounding, shiftRightSticky, signOf } from './binary.ts'
import type { Binary } from './binary.ts'
import { hostFirst, returnWith } from './host.ts'
import type { Ending } from './pack.ts'

/** `(status, rounding, a, b)` */
export type BinaryOperation<T extends 'i32' | 'i64'> = FunctionRef<readonly ['i32', 'i32', T, T], T>

/** Addition and subtraction (IEEE 754-2019, section 5.4.1). */
export const defineAdd = <T extends 'i32' | 'i64'>(
  module: ModuleBuilder,
  format: Binary<T>,
  ending: Ending<T>,
): { readonly add: BinaryOperation<T>; readonly sub: BinaryOperation<T> } => {
  const exact = defineExactAdd(module, format, ending)
  const { name, raw, host } = format

  const define = (mnemonic: 'add' | 'sub'): BinaryOperation<T> =>
    module.function(`${name}_${mnemonic}`, ['i32', 'i32', raw, raw], raw, (code, status, rounding, a, b) => {
      hostFirst(code, format, status, rounding, {
        compute: () => host[mnemonic](a, b),
        // A sum below the normal numbers is exact.
        least: 0,
        settle: (sum) => {
          // The error of a sum is itself a number and comes out of these operations exactly (Knuth's TwoSum), unless the first
          // operand is the greatest finite number, where they might overflow though the sum does not (Boldo et al. 2017).
          const greatest = i64.const(format.infinity - 1n)
          code.if(i64.ne(magnitude(format, format.widen(a)), greatest), () => {
            const inverse = mnemonic === 'add' ? 'sub' : 'add'
            // What the sum took of b (or -b), and of a.
            const ofB = code.let(host.sub(sum, a))
            const ofA = code.let(host.sub(sum, ofB))
            const restB = mnemonic === 'add' ? host.sub(b, ofB) : host.add(b, ofB)
            const error = host[inverse](host.sub(ofA, a), restB)
            returnWith(code, status, sum, i32.eqz(host.eq(error, format.narrow(i64.const(0n)))))
          })
        },
      })
      const addend = mnemonic === 'add' ? b : format.narrow(i64.xor(format.widen(b), i64.const(format.signBit)))
      code.return(code.callFor(exact, status, rounding, a, addend))
    })
  return { add: define('add'), sub: define('sub') }
}

const defineExactAdd = <T extends 'i32' | 'i64'>(module: ModuleBuilder, format: Binary<T>, ending: Ending<T>): BinaryOperation<T> =>
  module.function(`${format.name}_add_exact`, ['i32', 'i32', format.raw, format.raw], format.raw, (code, status, rounding, a, b) => {
    const larger = code.variable(format.widen(a))
    const smaller = code.variable(format.widen(b))
    code.if(i64.ltU(magnitude(format, larger), magnitude(format, smaller)), () => {
      code.set(larger, format.widen(b))
      code.set(smaller, format.widen(a))
    })
    const opposed = code.let(i32.xor(signOf(format, larger), signOf(format, smaller)))
    code.if(i64.geU(magnitude(format, larger), i64.const(format.infinity)), () => {
      code.if(isNaN(format, larger), () => {
        code.return(code.callFor(ending.propagate, status, larger, smaller))
      })
      code.if(i32.and(opposed, i64.eq(magnitude(format, larger), magnitude(format, smaller))), () => {
        code.return(code.callFor(ending.invalid, status))
      })
      code.return(format.narrow(larger))
    }, undefined, false)

    const x = decompose(code, format, larger)
    const y = decompose(code, format, smaller)
    // One place above for a carry; the empty places below hold what alignment shifts out.
    const addend = shiftRightSticky(code, i64.shrU(y.significand, i64.const(1n)), i32.sub(x.exponent, y.exponent))
    const signed = select(opposed, i64.sub(i64.const(0n), addend), addend)
    const sum = code.let(i64.add(i64.shrU(x.significand, i64.const(1n)), signed))
    code.if(i64.eqz(sum), () => {
      const zero = select(i32.eq(rounding, i32.const(Rounding.down)), i64.const(format.signBit), i64.const(0n))
      code.return(format.narrow(select(opposed, zero, larger)))
    }, undefined, false)
    const shift = code.let(i64.sub(i64.clz(sum), i64.const(1n)))
    const exponent = i32.sub(i32.add(x.exponent, i32.const(1)), i32.wrap(shift))
    code.return(code.callFor(ending.roundPack, status, rounding, signOf(format, larger), exponent, i64.shl(sum, shift)))
  })
