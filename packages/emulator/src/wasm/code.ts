import { Bytes } from './bytes.ts'
import type { Access, I32, Type, Value } from './value.ts'
import { constant } from './value.ts'

const typeCodes: Readonly<Record<Type, number>> = { i32: 0x7f, i64: 0x7e, f32: 0x7d, f64: 0x7c }
export const typeCode = (type: Type): number => typeCodes[type]

/** A mutable variable of a function; reading it is an expression. */
export interface Local<T extends Type = Type> extends Value<T> {
  readonly node: { readonly kind: 'local'; readonly index: number }
}

/** A place to branch to: the end of a block or the start of a loop. */
export interface Label {
  readonly depth: number
}

/** What a call needs to know of a function: a module hands these out. */
export interface FunctionRef<P extends readonly Type[] = readonly Type[], R extends Type | undefined = Type | undefined> {
  readonly index: number
  readonly parameters: P
  readonly result: R
}
/** A function type, for calls through a table. */
export interface Signature<P extends readonly Type[] = readonly Type[], R extends Type | undefined = Type | undefined> {
  readonly type: number
  readonly parameters: P
  readonly result: R
}
export type Arguments<P extends readonly Type[]> = { readonly [K in keyof P]: Value<P[K]> }

/**
 * The body of one WebAssembly function, written front to back. Structured control flow takes callbacks; variables bound
 * inside `scope`, `if`, `block` and `loop` are given back at their end, so that a large function needs few locals.
 */
export class Code {
  readonly #body: Bytes = new Bytes()
  readonly #parameters: number
  readonly #types: Type[] = []
  readonly #free: Record<Type, number[]> = { i32: [], i64: [], f32: [], f64: [] }
  readonly #hints: { readonly offset: number; readonly likely: boolean }[] = []
  #bound: { type: Type; index: number }[] = []
  #depth = 0

  constructor(parameters: readonly Type[]) {
    this.#parameters = parameters.length
  }

  /** A fresh variable, zero or whatever a finished scope left in it. */
  local<T extends Type>(type: T): Local<T> {
    let index = this.#free[type].pop()
    if (index === undefined) {
      index = this.#parameters + this.#types.length
      this.#types.push(type)
    }
    this.#bound.push({ type, index })
    return { type, node: { kind: 'local', index } }
  }

  /** Computes a value now and once; the result may be used any number of times. Constants stay as they are. */
  let<T extends Type>(value: Value<T>): Value<T> {
    if (constant(value) !== undefined) return value
    const local = this.local(value.type)
    this.set(local, value)
    return local
  }

  /** A variable with a first value. */
  variable<T extends Type>(value: Value<T>): Local<T> {
    const local = this.local(value.type)
    this.set(local, value)
    return local
  }

  set<T extends Type>(local: Local<T>, value: Value<T>): void {
    this.#push(value)
    this.#body.u8(0x21).u32(local.node.index)
  }

  store<T extends Type>(how: Access<T>, address: I32, value: Value<T>, offset = 0): void {
    this.#push(address)
    this.#push(value)
    this.#body.u8(how.code).u32(0).u32(offset)
  }

  /** Calls for the effect; a result is dropped. */
  call<P extends readonly Type[]>(target: FunctionRef<P>, ...operands: Arguments<P>): void {
    for (const operand of operands as readonly Value[]) this.#push(operand)
    this.#body.u8(0x10).u32(target.index)
    if (target.result !== undefined) this.#body.u8(0x1a)
  }

  /** Calls now and keeps the result. */
  callFor<P extends readonly Type[], R extends Type>(target: FunctionRef<P, R>, ...operands: Arguments<P>): Value<R> {
    return this.let({ type: target.result, node: { kind: 'call', function: target.index, operands } })
  }

  /** Calls the function at `index` of the imported table, for the effect; a result is dropped. */
  callIndirect<P extends readonly Type[]>(signature: Signature<P>, index: I32, ...operands: Arguments<P>): void {
    for (const operand of operands as readonly Value[]) this.#push(operand)
    this.#push(index)
    this.#body.u8(0x11).u32(signature.type).u8(0)
    if (signature.result !== undefined) this.#body.u8(0x1a)
  }

  /** `memory.fill`: `length` bytes at `address` become `byte`. */
  fill(address: I32, byte: I32, length: I32): void {
    for (const operand of [address, byte, length]) this.#push(operand)
    this.#body.u8(0xfc).u32(11).u8(0)
  }

  return(value?: Value): void {
    if (value !== undefined) this.#push(value)
    this.#body.u8(0x0f)
  }

  unreachable(): void {
    this.#body.u8(0x00)
  }

  /** Runs `then` if the condition is not zero, else `otherwise`. `likely` becomes a branch hint. */
  if(condition: I32, then: () => void, otherwise?: () => void, likely?: boolean): void {
    const known = constant(condition)
    if (known !== undefined) {
      const taken = known === 0 ? otherwise : then
      if (taken !== undefined) this.block(taken)
      return
    }
    this.#push(condition)
    if (likely !== undefined) this.#hints.push({ offset: this.#body.length, likely })
    this.#body.u8(0x04).u8(0x40)
    this.#depth++
    this.scope(then)
    if (otherwise !== undefined) {
      this.#body.u8(0x05)
      this.scope(otherwise)
    }
    this.#depth--
    this.#body.u8(0x0b)
  }

  /** A block; branching to its label leaves it. */
  block(body: (end: Label) => void): void {
    this.#structure(0x02, body)
  }

  /** A loop; branching to its label repeats it, falling off its end leaves it. */
  loop(body: (again: Label) => void): void {
    this.#structure(0x03, body)
  }

  br(label: Label): void {
    this.#body.u8(0x0c).u32(this.#depth - label.depth)
  }

  brIf(label: Label, condition: I32, likely?: boolean): void {
    this.#push(condition)
    if (likely !== undefined) this.#hints.push({ offset: this.#body.length, likely })
    this.#body.u8(0x0d).u32(this.#depth - label.depth)
  }

  /** `br_table`: case `n` goes to `labels[n]`, anything else to `otherwise`. */
  brTable(selector: I32, labels: readonly Label[], otherwise: Label): void {
    this.#push(selector)
    this.#body.u8(0x0e).u32(labels.length)
    for (const label of labels) this.#body.u32(this.#depth - label.depth)
    this.#body.u32(this.#depth - otherwise.depth)
  }

  /** Variables bound within are reused after it. */
  scope(body: () => void): void {
    const outer = this.#bound
    this.#bound = []
    body()
    for (const { type, index } of this.#bound) this.#free[type].push(index)
    this.#bound = outer
  }

  /** Sets every variable that is free to zero: tells the compiler that nothing lives across this point in them. */
  forgetFree(): void {
    for (const type of ['i32', 'i64', 'f32', 'f64'] as const) {
      for (const index of this.#free[type]) {
        this.#push({ type, node: { kind: 'const', value: type === 'i64' ? 0n : 0 } })
        this.#body.u8(0x21).u32(index)
      }
    }
  }

  /** The function's encoded locals and instructions, and its branch hints with offsets relative to that encoding. */
  finish(): { readonly encoded: Bytes; readonly hints: readonly { readonly offset: number; readonly likely: boolean }[] } {
    const encoded = new Bytes().u32(this.#types.length)
    for (const type of this.#types) encoded.u32(1).u8(typeCode(type))
    const start = encoded.length
    encoded.bytes(this.#body).u8(0x0b)
    return { encoded, hints: this.#hints.map(({ offset, likely }) => ({ offset: offset + start, likely })) }
  }

  #structure(opcode: number, body: (label: Label) => void): void {
    this.#body.u8(opcode).u8(0x40)
    this.#depth++
    const label = { depth: this.#depth }
    this.scope(() => {
      body(label)
    })
    this.#depth--
    this.#body.u8(0x0b)
  }

  #push(value: Value): void {
    const { node } = value
    switch (node.kind) {
      case 'const':
        this.#pushConstant(value.type, node.value)
        break
      case 'local':
        this.#body.u8(0x20).u32(node.index)
        break
      case 'operator':
        for (const operand of node.operands) this.#push(operand)
        for (const byte of node.code) this.#body.u8(byte)
        break
      case 'load':
        this.#push(node.address)
        this.#body.u8(node.code).u32(node.align).u32(node.offset)
        break
      case 'call':
        for (const operand of node.operands) this.#push(operand)
        this.#body.u8(0x10).u32(node.function)
        break
    }
  }

  #pushConstant(type: Type, value: number | bigint): void {
    switch (type) {
      case 'i32':
        this.#body.u8(0x41).s32(Number(value))
        break
      case 'i64':
        this.#body.u8(0x42).s64(BigInt(value))
        break
      case 'f32':
        this.#body.u8(0x43).bytes(new Uint8Array(new Float32Array([Number(value)]).buffer))
        break
      case 'f64':
        this.#body.u8(0x44).bytes(new Uint8Array(new Float64Array([Number(value)]).buffer))
        break
    }
  }
}

