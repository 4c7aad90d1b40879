import type { Micro } from '../../engine/micro.ts'
import { constant, i32, i64, loads, select, stores } from '../../wasm/value.ts'
import type { I32, I64, Value } from '../../wasm/value.ts'

type Meaning = (m: Micro) => void

/** How numbers of one precision lie in the 64-bit float registers, and which helpers compute on them. */
interface Precision<T extends 'i32' | 'i64' = 'i32' | 'i64'> {
  /** What the helpers' names begin with. */
  readonly prefix: 'f32' | 'f64'
  readonly raw: T
  /** The number in the register that an operand names. */
  readonly get: (m: Micro, name: string) => Value<T>
  readonly set: (m: Micro, name: string, value: Value<T>) => void
  readonly negate: (value: Value<T>) => Value<T>
  /** The magnitude of the first with the sign of the second. */
  readonly copySign: (value: Value<T>, sign: Value<T>) => Value<T>
  readonly xor: (a: Value<T>, b: Value<T>) => Value<T>
}

const boxed = 0xffff_ffff_0000_0000n
const canonicalSingle = 0x7fc0_0000
const box = (single: I32): I64 => i64.or(i64.extendU(single), i64.const(boxed))

/** Singles lie NaN-boxed in the registers; one that is not boxed well reads as the canonical NaN (section "NaN Boxing"). */
export const single: Precision<'i32'> = {
  prefix: 'f32',
  raw: 'i32',
  get: (m, name) => {
    const bits = m.code.let(m.get(name))
    return m.code.let(select(i64.geU(bits, i64.const(boxed)), i32.wrap(bits), i32.const(canonicalSingle)))
  },
  set: (m, name, value) => m.set(name, box(value)),
  negate: (value) => i32.xor(value, i32.const(1 << 31)),
  copySign: (value, sign) => i32.or(i32.and(value, i32.const(0x7fff_ffff)), i32.and(sign, i32.const(1 << 31))),
  xor: i32.xor,
}

export const double: Precision<'i64'> = {
  prefix: 'f64',
  raw: 'i64',
  get: (m, name) => m.code.let(m.get(name)),
  set: (m, name, value) => m.set(name, value),
  negate: (value) => i64.xor(value, i64.const(1n << 63n)),
  copySign: (value, sign) => i64.or(i64.and(value, i64.const((1n << 63n) - 1n)), i64.and(sign, i64.const(1n << 63n))),
  xor: i64.xor,
}

/** Illegal while `mstatus.FS` is Off (privileged specification, "Extension Context Status in mstatus Register"). */
const enabled = (body: Meaning): Meaning => (m) => {
  m.illegalIf(i32.eqz(m.state('floatEnabled')))
  body(m)
}

/** One that writes a float register or flags as well. */
const writing = (body: Meaning): Meaning =>
  enabled((m) => {
    body(m)
    m.setState('floatDirty', i32.const(1))
  })

/**
 * One that rounds as well: by its own mode, or for 7 by `frm`, which may hold a reserved one (unprivileged specification,
 * "Floating-Point Control and Status Register").
 */
const rounding = (body: (m: Micro, mode: I32) => void): Meaning =>
  writing((m) => {
    const own = m.immediate32()
    const known = constant(own)
    if (known !== undefined && known !== 7) {
      body(m, own)
      return
    }
    const dynamic = m.state('frm')
    const mode = m.code.let(known === 7 ? dynamic : select(i32.eq(own, i32.const(7)), dynamic, own))
    m.illegalIf(i32.gtU(mode, i32.const(4)))
    body(m, mode)
  })

const flags = (m: Micro): I32 => m.stateAddress('fflags')
const address = (m: Micro): I64 => i64.add(m.get('rs1'), m.immediate())

export const loadSingle: Meaning = writing((m) => m.set('rd', i64.or(m.load(loads.i64u32, address(m)), i64.const(boxed))))
export const loadDouble: Meaning = writing((m) => m.set('rd', m.load(loads.i64, address(m))))
export const storeSingle: Meaning = enabled((m) => m.store(stores.i64u32, address(m), m.get('rs2')))
export const storeDouble: Meaning = enabled((m) => m.store(stores.i64, address(m), m.get('rs2')))

export const moveSingleToX: Meaning = enabled((m) => m.set('rd', i64.extend32S(m.get('rs1'))))
export const moveDoubleToX: Meaning = enabled((m) => m.set('rd', m.get('rs1')))
export const moveXToSingle: Meaning = writing((m) => m.set('rd', box(i32.wrap(m.get('rs1')))))
export const moveXToDouble: Meaning = writing((m) => m.set('rd', m.get('rs1')))

export const singleToDouble: Meaning = rounding((m) => double.set(m, 'rd', m.helper('f32_to_f64', 'i64', flags(m), single.get(m, 'rs1'))))
export const doubleToSingle: Meaning = rounding((m, mode) =>
  single.set(m, 'rd', m.helper('f64_to_f32', 'i32', flags(m), mode, double.get(m, 'rs1'))))

type IntegerName = 'i32' | 'u32' | 'i64' | 'u64'

/** The meanings that both precisions have. */
export interface FloatMeanings {
  readonly add: Meaning
  readonly sub: Meaning
  readonly mul: Meaning
  readonly div: Meaning
  readonly sqrt: Meaning
  /** rs1 * rs2 + rs3, the product and the addend negated or not. */
  readonly multiplyAdd: (negate: { readonly product: boolean; readonly addend: boolean }) => Meaning
  readonly min: Meaning
  readonly max: Meaning
  readonly eq: Meaning
  readonly lt: Meaning
  readonly le: Meaning
  readonly classify: Meaning
  /** The magnitude of rs1 with the sign of rs2; with its opposite; with the exclusive or of both signs. */
  readonly sign: Meaning
  readonly signNegated: Meaning
  readonly signXor: Meaning
  readonly toInteger: (type: IntegerName) => Meaning
  readonly fromInteger: (type: IntegerName) => Meaning
}

export const meaningsOf = <T extends 'i32' | 'i64'>(precision: Precision<T>): FloatMeanings => {
  const { prefix, raw, get, set, negate, copySign, xor } = precision
  const arithmetic = (name: string): Meaning =>
    rounding((m, mode) => set(m, 'rd', m.helper(`${prefix}_${name}`, raw, flags(m), mode, get(m, 'rs1'), get(m, 'rs2'))))
  const choice = (name: string): Meaning =>
    writing((m) => set(m, 'rd', m.helper(`${prefix}_${name}`, raw, flags(m), get(m, 'rs1'), get(m, 'rs2'))))
  const comparison = (name: string): Meaning =>
    writing((m) => m.set('rd', i64.extendU(m.helper(`${prefix}_${name}`, 'i32', flags(m), get(m, 'rs1'), get(m, 'rs2')))))
  const injection = (sign: (a: Value<T>, b: Value<T>) => Value<T>): Meaning =>
    writing((m) => {
      const [a, b] = [get(m, 'rs1'), get(m, 'rs2')]
      set(m, 'rd', copySign(a, sign(a, b)))
    })
  return {
    add: arithmetic('add'),
    sub: arithmetic('sub'),
    mul: arithmetic('mul'),
    div: arithmetic('div'),
    sqrt: rounding((m, mode) => set(m, 'rd', m.helper(`${prefix}_sqrt`, raw, flags(m), mode, get(m, 'rs1')))),
    multiplyAdd: ({ product, addend }) =>
      rounding((m, mode) => {
        const [a, b, c] = [get(m, 'rs1'), get(m, 'rs2'), get(m, 'rs3')]
        set(m, 'rd', m.helper(`${prefix}_fma`, raw, flags(m), mode, product ? negate(a) : a, b, addend ? negate(c) : c))
      }),
    min: choice('min'),
    max: choice('max'),
    eq: comparison('eq'),
    lt: comparison('lt'),
    le: comparison('le'),
    classify: enabled((m) => m.set('rd', i64.extendU(m.helper(`${prefix}_class`, 'i32', flags(m), get(m, 'rs1'))))),
    sign: injection((_a, b) => b),
    signNegated: injection((_a, b) => negate(b)),
    signXor: injection(xor),
    toInteger: (type) => rounding((m, mode) => m.set('rd', m.helper(`${prefix}_to_${type}`, 'i64', flags(m), mode, get(m, 'rs1')))),
    fromInteger: (type) => rounding((m, mode) => set(m, 'rd', m.helper(`${prefix}_from_${type}`, raw, flags(m), mode, m.get('rs1')))),
  }
}
