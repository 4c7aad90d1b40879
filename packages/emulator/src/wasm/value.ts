/**
 * Typed expressions over WebAssembly's own operators (core specification, section 4.3). A value is a tree without side
 * effects of its own; emitting it twice computes it twice, so whoever uses one more than once binds it with `Code.let`.
 * Operators on constants are folded where that is simple.
 */
export type Type = 'i32' | 'i64' | 'f32' | 'f64'

export type Node =
  | { readonly kind: 'const'; readonly value: number | bigint }
  | { readonly kind: 'local'; readonly index: number }
  | { readonly kind: 'operator'; readonly code: readonly number[]; readonly operands: readonly Value[] }
  | { readonly kind: 'load'; readonly code: number; readonly align: number; readonly offset: number; readonly address: Value }
  | { readonly kind: 'call'; readonly function: number; readonly operands: readonly Value[] }

export interface Value<T extends Type = Type> {
  readonly type: T
  readonly node: Node
}
export type I32 = Value<'i32'>
export type I64 = Value<'i64'>
export type F32 = Value<'f32'>
export type F64 = Value<'f64'>

/** An expression known to be this constant, or undefined. */
export const constant = (value: Value): number | bigint | undefined =>
  value.node.kind === 'const' ? value.node.value : undefined

const make = <T extends Type>(type: T, code: readonly number[], ...operands: Value[]): Value<T> => ({
  type,
  node: { kind: 'operator', code, operands },
})

type Unary<A extends Type, R extends Type> = (a: Value<A>) => Value<R>
type Binary<A extends Type, R extends Type> = (a: Value<A>, b: Value<A>) => Value<R>

const unary = <A extends Type, R extends Type>(result: R, ...code: number[]): Unary<A, R> => (a) => make(result, code, a)
const binary = <A extends Type, R extends Type>(result: R, ...code: number[]): Binary<A, R> => (a, b) => make(result, code, a, b)

const wrap32 = (value: number): I32 => ({ type: 'i32', node: { kind: 'const', value: value | 0 } })
const wrap64 = (value: bigint): I64 => ({ type: 'i64', node: { kind: 'const', value: BigInt.asIntN(64, value) } })

/** Folds a binary operator on two constants, and `a op identity` to `a`. */
const fold32 =
  (code: number, compute: (a: number, b: number) => number, identity?: number): Binary<'i32', 'i32'> =>
  (a, b) => {
    const x = constant(a)
    const y = constant(b)
    if (typeof x === 'number' && typeof y === 'number') return wrap32(compute(x, y))
    return y === identity && y !== undefined ? a : make('i32', [code], a, b)
  }
const fold64 =
  (code: number, compute: (a: bigint, b: bigint) => bigint, identity?: bigint): Binary<'i64', 'i64'> =>
  (a, b) => {
    const x = constant(a)
    const y = constant(b)
    if (typeof x === 'bigint' && typeof y === 'bigint') return wrap64(compute(x, y))
    return y === identity && y !== undefined ? a : make('i64', [code], a, b)
  }

const u64 = (value: bigint): bigint => BigInt.asUintN(64, value)

export interface I32Operators {
  const(value: number): I32
  readonly eqz: Unary<'i32', 'i32'>
  readonly eq: Binary<'i32', 'i32'>
  readonly ne: Binary<'i32', 'i32'>
  readonly ltS: Binary<'i32', 'i32'>
  readonly ltU: Binary<'i32', 'i32'>
  readonly gtS: Binary<'i32', 'i32'>
  readonly gtU: Binary<'i32', 'i32'>
  readonly leS: Binary<'i32', 'i32'>
  readonly leU: Binary<'i32', 'i32'>
  readonly geS: Binary<'i32', 'i32'>
  readonly geU: Binary<'i32', 'i32'>
  readonly clz: Unary<'i32', 'i32'>
  readonly ctz: Unary<'i32', 'i32'>
  readonly popcnt: Unary<'i32', 'i32'>
  readonly add: Binary<'i32', 'i32'>
  readonly sub: Binary<'i32', 'i32'>
  readonly mul: Binary<'i32', 'i32'>
  readonly divS: Binary<'i32', 'i32'>
  readonly divU: Binary<'i32', 'i32'>
  readonly remS: Binary<'i32', 'i32'>
  readonly remU: Binary<'i32', 'i32'>
  readonly and: Binary<'i32', 'i32'>
  readonly or: Binary<'i32', 'i32'>
  readonly xor: Binary<'i32', 'i32'>
  readonly shl: Binary<'i32', 'i32'>
  readonly shrS: Binary<'i32', 'i32'>
  readonly shrU: Binary<'i32', 'i32'>
  readonly rotl: Binary<'i32', 'i32'>
  readonly rotr: Binary<'i32', 'i32'>
  readonly wrap: Unary<'i64', 'i32'>
  readonly reinterpret: Unary<'f32', 'i32'>
  readonly truncF64S: Unary<'f64', 'i32'>
  readonly extend8S: Unary<'i32', 'i32'>
  readonly extend16S: Unary<'i32', 'i32'>
}

/** 32-bit integer operators. */
export const i32: I32Operators = {
  const: wrap32,
  eqz: unary<'i32', 'i32'>('i32', 0x45),
  eq: binary<'i32', 'i32'>('i32', 0x46),
  ne: binary<'i32', 'i32'>('i32', 0x47),
  ltS: binary<'i32', 'i32'>('i32', 0x48),
  ltU: binary<'i32', 'i32'>('i32', 0x49),
  gtS: binary<'i32', 'i32'>('i32', 0x4a),
  gtU: binary<'i32', 'i32'>('i32', 0x4b),
  leS: binary<'i32', 'i32'>('i32', 0x4c),
  leU: binary<'i32', 'i32'>('i32', 0x4d),
  geS: binary<'i32', 'i32'>('i32', 0x4e),
  geU: binary<'i32', 'i32'>('i32', 0x4f),
  clz: unary<'i32', 'i32'>('i32', 0x67),
  ctz: unary<'i32', 'i32'>('i32', 0x68),
  popcnt: unary<'i32', 'i32'>('i32', 0x69),
  add: fold32(0x6a, (a, b) => a + b, 0),
  sub: fold32(0x6b, (a, b) => a - b, 0),
  mul: fold32(0x6c, Math.imul, 1),
  divS: binary<'i32', 'i32'>('i32', 0x6d),
  divU: binary<'i32', 'i32'>('i32', 0x6e),
  remS: binary<'i32', 'i32'>('i32', 0x6f),
  remU: binary<'i32', 'i32'>('i32', 0x70),
  and: fold32(0x71, (a, b) => a & b, -1),
  or: fold32(0x72, (a, b) => a | b, 0),
  xor: fold32(0x73, (a, b) => a ^ b, 0),
  shl: fold32(0x74, (a, b) => a << b, 0),
  shrS: fold32(0x75, (a, b) => a >> b, 0),
  shrU: fold32(0x76, (a, b) => a >>> b, 0),
  rotl: binary<'i32', 'i32'>('i32', 0x77),
  rotr: binary<'i32', 'i32'>('i32', 0x78),
  wrap: (a: I64): I32 => {
    const x = constant(a)
    return typeof x === 'bigint' ? wrap32(Number(BigInt.asIntN(32, x))) : make('i32', [0xa7], a)
  },
  reinterpret: unary<'f32', 'i32'>('i32', 0xbc),
  truncF64S: unary<'f64', 'i32'>('i32', 0xaa),
  extend8S: unary<'i32', 'i32'>('i32', 0xc0),
  extend16S: unary<'i32', 'i32'>('i32', 0xc1),
}

export interface I64Operators {
  const(value: bigint): I64
  readonly eqz: Unary<'i64', 'i32'>
  readonly eq: Binary<'i64', 'i32'>
  readonly ne: Binary<'i64', 'i32'>
  readonly ltS: Binary<'i64', 'i32'>
  readonly ltU: Binary<'i64', 'i32'>
  readonly gtS: Binary<'i64', 'i32'>
  readonly gtU: Binary<'i64', 'i32'>
  readonly leS: Binary<'i64', 'i32'>
  readonly leU: Binary<'i64', 'i32'>
  readonly geS: Binary<'i64', 'i32'>
  readonly geU: Binary<'i64', 'i32'>
  readonly clz: Unary<'i64', 'i64'>
  readonly ctz: Unary<'i64', 'i64'>
  readonly popcnt: Unary<'i64', 'i64'>
  readonly add: Binary<'i64', 'i64'>
  readonly sub: Binary<'i64', 'i64'>
  readonly mul: Binary<'i64', 'i64'>
  readonly divS: Binary<'i64', 'i64'>
  readonly divU: Binary<'i64', 'i64'>
  readonly remS: Binary<'i64', 'i64'>
  readonly remU: Binary<'i64', 'i64'>
  readonly and: Binary<'i64', 'i64'>
  readonly or: Binary<'i64', 'i64'>
  readonly xor: Binary<'i64', 'i64'>
  readonly shl: Binary<'i64', 'i64'>
  readonly shrS: Binary<'i64', 'i64'>
  readonly shrU: Binary<'i64', 'i64'>
  readonly rotl: Binary<'i64', 'i64'>
  readonly rotr: Binary<'i64', 'i64'>
  readonly extendS: Unary<'i32', 'i64'>
  readonly extendU: Unary<'i32', 'i64'>
  readonly reinterpret: Unary<'f64', 'i64'>
  readonly extend8S: Unary<'i64', 'i64'>
  readonly extend16S: Unary<'i64', 'i64'>
  readonly extend32S: Unary<'i64', 'i64'>
}

/** 64-bit integer operators. */
export const i64: I64Operators = {
  const: wrap64,
  eqz: unary<'i64', 'i32'>('i32', 0x50),
  eq: binary<'i64', 'i32'>('i32', 0x51),
  ne: binary<'i64', 'i32'>('i32', 0x52),
  ltS: binary<'i64', 'i32'>('i32', 0x53),
  ltU: binary<'i64', 'i32'>('i32', 0x54),
  gtS: binary<'i64', 'i32'>('i32', 0x55),
  gtU: binary<'i64', 'i32'>('i32', 0x56),
  leS: binary<'i64', 'i32'>('i32', 0x57),
  leU: binary<'i64', 'i32'>('i32', 0x58),
  geS: binary<'i64', 'i32'>('i32', 0x59),
  geU: binary<'i64', 'i32'>('i32', 0x5a),
  clz: unary<'i64', 'i64'>('i64', 0x79),
  ctz: unary<'i64', 'i64'>('i64', 0x7a),
  popcnt: unary<'i64', 'i64'>('i64', 0x7b),
  add: fold64(0x7c, (a, b) => a + b, 0n),
  sub: fold64(0x7d, (a, b) => a - b, 0n),
  mul: fold64(0x7e, (a, b) => a * b, 1n),
  divS: binary<'i64', 'i64'>('i64', 0x7f),
  divU: binary<'i64', 'i64'>('i64', 0x80),
  remS: binary<'i64', 'i64'>('i64', 0x81),
  remU: binary<'i64', 'i64'>('i64', 0x82),
  and: fold64(0x83, (a, b) => a & b, -1n),
  or: fold64(0x84, (a, b) => a | b, 0n),
  xor: fold64(0x85, (a, b) => a ^ b, 0n),
  shl: fold64(0x86, (a, b) => a << (b & 63n), 0n),
  shrS: fold64(0x87, (a, b) => a >> (b & 63n), 0n),
  shrU: fold64(0x88, (a, b) => u64(a) >> (b & 63n), 0n),
  rotl: binary<'i64', 'i64'>('i64', 0x89),
  rotr: binary<'i64', 'i64'>('i64', 0x8a),
  /** From i32, sign-extended. */
  extendS: (a: I32): I64 => {
    const x = constant(a)
    return typeof x === 'number' ? wrap64(BigInt(x)) : make('i64', [0xac], a)
  },
  /** From i32, zero-extended. */
  extendU: (a: I32): I64 => {
    const x = constant(a)
    return typeof x === 'number' ? wrap64(BigInt(x >>> 0)) : make('i64', [0xad], a)
  },
  reinterpret: unary<'f64', 'i64'>('i64', 0xbd),
  extend8S: unary<'i64', 'i64'>('i64', 0xc2),
  extend16S: unary<'i64', 'i64'>('i64', 0xc3),
  extend32S: unary<'i64', 'i64'>('i64', 0xc4),
}

const floatConstant = <T extends 'f32' | 'f64'>(type: T) => (value: number): Value<T> => ({ type, node: { kind: 'const', value } })

export interface F32Operators {
  const(value: number): F32
  readonly eq: Binary<'f32', 'i32'>
  readonly lt: Binary<'f32', 'i32'>
  readonly le: Binary<'f32', 'i32'>
  readonly sqrt: Unary<'f32', 'f32'>
  readonly add: Binary<'f32', 'f32'>
  readonly sub: Binary<'f32', 'f32'>
  readonly mul: Binary<'f32', 'f32'>
  readonly div: Binary<'f32', 'f32'>
  readonly demote: Unary<'f64', 'f32'>
  readonly convertI64S: Unary<'i64', 'f32'>
  readonly reinterpret: Unary<'i32', 'f32'>
}

/** 32-bit floating-point operators. */
export const f32: F32Operators = {
  const: floatConstant('f32'),
  eq: binary<'f32', 'i32'>('i32', 0x5b),
  lt: binary<'f32', 'i32'>('i32', 0x5d),
  le: binary<'f32', 'i32'>('i32', 0x5f),
  sqrt: unary<'f32', 'f32'>('f32', 0x91),
  add: binary<'f32', 'f32'>('f32', 0x92),
  sub: binary<'f32', 'f32'>('f32', 0x93),
  mul: binary<'f32', 'f32'>('f32', 0x94),
  div: binary<'f32', 'f32'>('f32', 0x95),
  demote: unary<'f64', 'f32'>('f32', 0xb6),
  convertI64S: unary<'i64', 'f32'>('f32', 0xb4),
  reinterpret: unary<'i32', 'f32'>('f32', 0xbe),
}

export interface F64Operators {
  const(value: number): F64
  readonly eq: Binary<'f64', 'i32'>
  readonly lt: Binary<'f64', 'i32'>
  readonly le: Binary<'f64', 'i32'>
  readonly sqrt: Unary<'f64', 'f64'>
  readonly add: Binary<'f64', 'f64'>
  readonly sub: Binary<'f64', 'f64'>
  readonly mul: Binary<'f64', 'f64'>
  readonly div: Binary<'f64', 'f64'>
  readonly promote: Unary<'f32', 'f64'>
  readonly convertI64S: Unary<'i64', 'f64'>
  readonly reinterpret: Unary<'i64', 'f64'>
}

/** 64-bit floating-point operators. */
export const f64: F64Operators = {
  const: floatConstant('f64'),
  eq: binary<'f64', 'i32'>('i32', 0x61),
  lt: binary<'f64', 'i32'>('i32', 0x63),
  le: binary<'f64', 'i32'>('i32', 0x65),
  sqrt: unary<'f64', 'f64'>('f64', 0x9f),
  add: binary<'f64', 'f64'>('f64', 0xa0),
  sub: binary<'f64', 'f64'>('f64', 0xa1),
  mul: binary<'f64', 'f64'>('f64', 0xa2),
  div: binary<'f64', 'f64'>('f64', 0xa3),
  promote: unary<'f32', 'f64'>('f64', 0xbb),
  convertI64S: unary<'i64', 'f64'>('f64', 0xb9),
  reinterpret: unary<'i64', 'f64'>('f64', 0xbf),
}

/** `condition ? a : b`; both are computed. */
export const select = <T extends Type>(condition: I32, a: Value<T>, b: Value<T>): Value<T> => {
  const known = constant(condition)
  return known === undefined ? make(a.type, [0x1b], a, b, condition) : known === 0 ? b : a
}

/** A memory access operator: its code, the type it moves and its natural alignment as a power of two (its width). */
export interface Access<T extends Type = Type> {
  readonly code: number
  readonly type: T
  readonly align: number
}
const access = <T extends Type>(type: T, code: number, align: number): Access<T> => ({ code, type, align })

export const loads: {
  readonly i32: Access<'i32'>
  readonly i64: Access<'i64'>
  readonly f64: Access<'f64'>
  readonly i32u8: Access<'i32'>
  readonly i32u16: Access<'i32'>
  readonly i64s8: Access<'i64'>
  readonly i64u8: Access<'i64'>
  readonly i64s16: Access<'i64'>
  readonly i64u16: Access<'i64'>
  readonly i64s32: Access<'i64'>
  readonly i64u32: Access<'i64'>
} = {
  i32: access('i32', 0x28, 2),
  i64: access('i64', 0x29, 3),
  f64: access('f64', 0x2b, 3),
  i32u8: access('i32', 0x2d, 0),
  i32u16: access('i32', 0x2f, 1),
  i64s8: access('i64', 0x30, 0),
  i64u8: access('i64', 0x31, 0),
  i64s16: access('i64', 0x32, 1),
  i64u16: access('i64', 0x33, 1),
  i64s32: access('i64', 0x34, 2),
  i64u32: access('i64', 0x35, 2),
}

export const stores: {
  readonly i32: Access<'i32'>
  readonly i64: Access<'i64'>
  readonly i32u8: Access<'i32'>
  readonly i64u8: Access<'i64'>
  readonly i64u16: Access<'i64'>
  readonly i64u32: Access<'i64'>
} = {
  i32: access('i32', 0x36, 2),
  i64: access('i64', 0x37, 3),
  i32u8: access('i32', 0x3a, 0),
  i64u8: access('i64', 0x3c, 0),
  i64u16: access('i64', 0x3d, 1),
  i64u32: access('i64', 0x3e, 2),
}

/** Reads linear memory at `address + offset`. The engine's accesses may be misaligned, so no alignment is promised. */
export const load = <T extends Type>(how: Access<T>, address: I32, offset = 0): Value<T> => ({
  type: how.type,
  node: { kind: 'load', code: how.code, align: 0, offset, address },
})
