import type { Code, Local } from '../wasm/code.ts'
import { f32, f64, i32, i64, load, loads, select, stores } from '../wasm/value.ts'
import type { I32, I64, Value } from '../wasm/value.ts'

/** Rounding modes (IEEE 754-2019, section 4.3) under the numbers RISC-V gives them. */
export const Rounding = {
  /** To nearest, ties to even. */
  nearestEven: 0,
  towardZero: 1,
  down: 2,
  up: 3,
  /** To nearest, ties away from zero. */
  nearestAway: 4,
} as const

/** Exception flags (IEEE 754-2019, section 7) as the bits of RISC-V's `fflags`. */
export const Flag = { inexact: 1, underflow: 2, overflow: 4, divideByZero: 8, invalid: 16 } as const

/** The host's own operations on raw bits; they round to nearest even and report nothing. */
export interface HostOperations<T extends 'i32' | 'i64'> {
  add(a: Value<T>, b: Value<T>): Value<T>
  sub(a: Value<T>, b: Value<T>): Value<T>
  mul(a: Value<T>, b: Value<T>): Value<T>
  div(a: Value<T>, b: Value<T>): Value<T>
  sqrt(a: Value<T>): Value<T>
  eq(a: Value<T>, b: Value<T>): I32
  lt(a: Value<T>, b: Value<T>): I32
  le(a: Value<T>, b: Value<T>): I32
  fromI64(a: I64): Value<T>
}

/** A binary interchange format (IEEE 754-2019, section 3.4). Masks apply to its bits zero-extended to 64. */
export interface Binary<T extends 'i32' | 'i64' = 'i32' | 'i64'> {
  readonly name: 'f32' | 'f64'
  /** What its raw bits travel in. */
  readonly raw: T
  readonly width: 32 | 64
  /** Bits of the fraction field. */
  readonly fraction: number
  readonly bias: number
  /** The exponent field of infinities and NaNs. */
  readonly top: number
  readonly signBit: bigint
  /** The significand's leading bit, which normal numbers leave out. */
  readonly hidden: bigint
  readonly infinity: bigint
  /** The NaN that operations deliver. */
  readonly nan: bigint
  /** Set in a quiet NaN, clear in a signaling one. */
  readonly quiet: bigint
  readonly host: HostOperations<T>
  /** Raw bits, zero-extended. */
  widen(raw: Value<T>): I64
  /** The other way round. */
  narrow(bits: I64): Value<T>
}

const describe = (width: 32 | 64, fraction: number): Omit<Binary, 'name' | 'raw' | 'host' | 'widen' | 'narrow'> => {
  const exponentBits = width - 1 - fraction
  const hidden = 1n << BigInt(fraction)
  const infinity = BigInt(2 ** exponentBits - 1) * hidden
  const quiet = hidden / 2n
  return {
    width, fraction, hidden, infinity, quiet,
    bias: 2 ** (exponentBits - 1) - 1,
    top: 2 ** exponentBits - 1,
    signBit: 1n << BigInt(width - 1),
    nan: infinity | quiet,
  }
}

const single = f32.reinterpret
const double = f64.reinterpret

export const binary32: Binary<'i32'> = {
  name: 'f32',
  raw: 'i32',
  ...describe(32, 23),
  host: {
    add: (a, b) => i32.reinterpret(f32.add(single(a), single(b))),
    sub: (a, b) => i32.reinterpret(f32.sub(single(a), single(b))),
    mul: (a, b) => i32.reinterpret(f32.mul(single(a), single(b))),
    div: (a, b) => i32.reinterpret(f32.div(single(a), single(b))),
    sqrt: (a) => i32.reinterpret(f32.sqrt(single(a))),
    eq: (a, b) => f32.eq(single(a), single(b)),
    lt: (a, b) => f32.lt(single(a), single(b)),
    le: (a, b) => f32.le(single(a), single(b)),
    fromI64: (a) => i32.reinterpret(f32.convertI64S(a)),
  },
  widen: (raw) => i64.extendU(raw),
  narrow: (bits) => i32.wrap(bits),
}

export const binary64: Binary<'i64'> = {
  name: 'f64',
  raw: 'i64',
  ...describe(64, 52),
  host: {
    add: (a, b) => i64.reinterpret(f64.add(double(a), double(b))),
    sub: (a, b) => i64.reinterpret(f64.sub(double(a), double(b))),
    mul: (a, b) => i64.reinterpret(f64.mul(double(a), double(b))),
    div: (a, b) => i64.reinterpret(f64.div(double(a), double(b))),
    sqrt: (a) => i64.reinterpret(f64.sqrt(double(a))),
    eq: (a, b) => f64.eq(double(a), double(b)),
    lt: (a, b) => f64.lt(double(a), double(b)),
    le: (a, b) => f64.le(double(a), double(b)),
    fromI64: (a) => i64.reinterpret(f64.convertI64S(a)),
  },
  widen: (raw) => raw,
  narrow: (bits) => bits,
}

/** ORs flags into the status cell. */
export const raise = (code: Code, status: I32, flags: I32 | number): void => {
  code.store(stores.i32, status, i32.or(load(loads.i32, status), typeof flags === 'number' ? i32.const(flags) : flags))
}

/** The sign as 0 or 1. */
export const signOf = (format: Binary, bits: I64): I32 =>
  i32.wrap(i64.shrU(i64.and(bits, i64.const(format.signBit)), i64.const(BigInt(format.width - 1))))

/** The bits without the sign: ordered as the magnitudes are, with infinity and then NaNs on top. */
export const magnitude = (format: Binary, bits: I64): I64 => i64.and(bits, i64.const(format.signBit - 1n))

export const exponentField = (format: Binary, bits: I64): I32 =>
  i32.and(i32.wrap(i64.shrU(bits, i64.const(BigInt(format.fraction)))), i32.const(format.top))

export const isNaN = (format: Binary, bits: I64): I32 => i64.gtU(magnitude(format, bits), i64.const(format.infinity))
export const isInfinite = (format: Binary, bits: I64): I32 => i64.eq(magnitude(format, bits), i64.const(format.infinity))
export const isZero = (format: Binary, bits: I64): I32 => i64.eqz(magnitude(format, bits))

/** A NaN whose quiet bit is clear: above infinity, and still below the first quiet one. */
export const isSignaling = (format: Binary, bits: I64): I32 =>
  i64.ltU(i64.sub(magnitude(format, bits), i64.const(format.infinity + 1n)), i64.const(format.quiet - 1n))

/** A number taken apart: `significand / 2^62 * 2^(exponent - bias)`, the leading bit at 62. */
export interface Parts {
  readonly exponent: Local<'i32'>
  readonly significand: Local<'i64'>
}

/** Takes a finite number apart, subnormals normalized. Zero has significand 0 and an exponent below any other number's. */
export const decompose = (code: Code, format: Binary, bits: I64): Parts => {
  const { fraction, hidden } = format
  const field = code.let(i64.and(bits, i64.const(hidden - 1n)))
  const exponent = code.variable(exponentField(format, bits))
  const significand = code.variable(i64.shl(i64.or(field, i64.const(hidden)), i64.const(BigInt(62 - fraction))))
  code.if(i32.eqz(exponent), () => {
    const zeros = code.let(i64.clz(field))
    code.set(exponent, i32.sub(i32.const(64 - fraction), i32.wrap(zeros)))
    code.set(significand, i64.shl(field, i64.sub(zeros, i64.const(1n))))
  }, undefined, false)
  return { exponent, significand }
}

/** Shifts a value below 2^63 right by any amount from 0; a 1 shifted out stays visible in bit 0. */
export const shiftRightSticky = (code: Code, value: I64, amount: I32): I64 => {
  const operand = code.let(value)
  const count = code.let(i64.extendU(select(i32.gtU(amount, i32.const(63)), i32.const(63), amount)))
  const lost = i64.and(operand, i64.sub(i64.shl(i64.const(1n), count), i64.const(1n)))
  return code.let(i64.or(i64.shrU(operand, count), sticky(lost)))
}

/** 1 if any bit is set, to be ORed into a significand's last place. */
export const sticky = (value: I64): I64 => i64.extendU(i64.ne(value, i64.const(0n)))
