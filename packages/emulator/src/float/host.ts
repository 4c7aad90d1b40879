import type { Code } from '../wasm/code.ts'
import { i32, i64, load, loads } from '../wasm/value.ts'
import type { I32, Value } from '../wasm/value.ts'
import { exponentField, Flag, raise, Rounding } from './binary.ts'
import type { Binary } from './binary.ts'

/**
 * Results from the smallest normal number's exponent may have been rounded up into it from below, with underflow; those
 * above it cannot.
 */
export const leastSafeExponent = 2

/** What is known of an operation that the host computes. */
export interface HostOperation<T extends 'i32' | 'i64'> {
  /** The host's result. */
  readonly compute: () => Value<T>
  /** The smallest exponent field of a result that cannot have underflowed. */
  readonly least: number
  /** Whether the result is the correctly rounded one, where the host's operations do not see to that. */
  readonly sure?: () => I32
  /**
   * Emits code that returns the result, inexact raised if it is, where that is told easily; falling off its end leaves the
   * question to the exact path.
   */
  readonly settle: (result: Value<T>) => void
}

/**
 * Lets the host compute, and returns its result, where that is provably what the exact path delivers, flags included:
 * rounding to nearest even, a finite result that did not underflow, and inexact raised already or decided by `settle`.
 */
export const hostFirst = <T extends 'i32' | 'i64'>(
  code: Code,
  format: Binary<T>,
  status: I32,
  rounding: I32,
  operation: HostOperation<T>,
): void => {
  const { compute, least, sure, settle } = operation
  code.if(i32.eq(rounding, i32.const(Rounding.nearestEven)), () => {
    const result = code.let(compute())
    const exponent = exponentField(format, format.widen(result))
    const ordinary = least === 0
      ? i32.ltU(exponent, i32.const(format.top))
      : i32.ltU(i32.sub(exponent, i32.const(least)), i32.const(format.top - least))
    code.if(sure === undefined ? ordinary : i32.and(ordinary, sure()), () => {
      code.if(i32.and(load(loads.i32, status), i32.const(Flag.inexact)), () => {
        code.return(result)
      }, undefined, true)
      settle(result)
    }, undefined, true)
  }, undefined, true)
}

/** The product of these has no more significant bits than the format: the host's multiplication is exact if it stays in range. */
export const productFits = <T extends 'i32' | 'i64'>(format: Binary<T>, a: Value<T>, b: Value<T>): I32 => {
  const zeros = (value: Value<T>): I32 => i32.wrap(i64.ctz(i64.or(format.widen(value), i64.const(format.hidden))))
  return i32.geS(i32.add(zeros(a), zeros(b)), i32.const(format.fraction + 1))
}

/** Returns a result known to be inexact or not. */
export const returnWith = (code: Code, status: I32, result: Value, inexact: I32): void => {
  code.if(inexact, () => raise(code, status, Flag.inexact))
  code.return(result)
}
