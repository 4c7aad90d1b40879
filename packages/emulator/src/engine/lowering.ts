import type { Code, FunctionRef, Local } from '../wasm/code.ts'
import type { Access, I32, I64, Type, Value } from '../wasm/value.ts'
import { i32, i64, load, loads, stores } from '../wasm/value.ts'
import type { AccessFunctions } from './access.ts'
import { cells } from './layout.ts'
import type { Micro } from './micro.ts'
import { readTable, tlbEntry, tlbHit, tlbPlace, writeTable } from './tlb.ts'

/** What lowering a meaning refers to, whichever tier does it. */
export interface LoweringContext {
  readonly code: Code
  /** The CPU's block, and the block of translation tables in use. */
  readonly cpu: I32
  readonly tlb: I32
  readonly access: AccessFunctions
  readonly helpers: Readonly<Record<string, FunctionRef>>
  /** Offsets of the ISA's 32-bit state cells. */
  readonly stateCells: Readonly<Record<string, number>>
}

/** The part of lowering that both tiers have in common: guest memory, state cells and helpers. */
export abstract class Lowering implements Micro {
  readonly code: Code
  protected readonly cpu: I32
  protected readonly tlb: I32
  protected readonly access: AccessFunctions
  protected readonly helpers: Readonly<Record<string, FunctionRef>>
  protected readonly stateCells: Readonly<Record<string, number>>

  constructor(context: LoweringContext) {
    this.code = context.code
    this.cpu = context.cpu
    this.tlb = context.tlb
    this.access = context.access
    this.helpers = context.helpers
    this.stateCells = context.stateCells
  }

  abstract get(name: string): I64
  abstract set(name: string, value: I64): void
  abstract immediate(): I64
  abstract immediate32(): I32
  abstract pc(): I64
  abstract next(): I64
  abstract branch(condition: I32): void
  abstract jump(): void
  abstract jumpTo(address: I64): void
  abstract illegalIf(condition: I32): void

  /** Emits: if the access just tried has set cell `fault`, leave with the instruction undone. */
  protected abstract leaveOnFault(): void

  load<T extends Type>(how: Access<T>, address: I64): Value<T> {
    const { code, cpu, tlb, access } = this
    const width = 2 ** how.align
    const where = code.let(address)
    const entry = code.let(tlbEntry(tlb, where))
    const value = code.local(how.type)
    code.if(
      tlbHit(entry, readTable, where, width),
      () => {
        code.set(value, load(how, tlbPlace(entry, readTable, where)))
      },
      () => {
        const signed = how === loads.i64s8 || how === loads.i64s16 || how === loads.i64s32
        const slow = code.callFor(access.loadSlow, cpu, where, i32.const(signed ? width | 16 : width))
        this.leaveOnFault()
        if (how.type === 'i64') code.set(value as Local<'i64'>, slow)
        else if (how.type === 'i32') code.set(value as Local<'i32'>, i32.wrap(slow))
        else throw new Error(`a meaning loads integers only, not ${how.type}`)
      },
      true,
    )
    return value
  }

  store(how: Access<'i64'>, address: I64, value: I64): void {
    const { code, cpu, tlb, access } = this
    const width = 2 ** how.align
    const where = code.let(address)
    const entry = code.let(tlbEntry(tlb, where))
    code.if(
      tlbHit(entry, writeTable, where, width),
      () => {
        code.store(how, tlbPlace(entry, writeTable, where), value)
      },
      () => {
        code.call(access.storeSlow, cpu, where, value, i32.const(width))
        this.leaveOnFault()
      },
      true,
    )
  }

  atomic(width: 4 | 8, address: I64, compute: (old: I64) => I64): I64 {
    const { code } = this
    const place = this.#atomicPlace(width, address, true)
    const old = code.let(load(width === 4 ? loads.i64s32 : loads.i64, place))
    code.store(width === 4 ? stores.i64u32 : stores.i64, place, compute(old))
    return old
  }

  loadReserved(width: 4 | 8, address: I64): I64 {
    const { code, cpu } = this
    const place = this.#atomicPlace(width, address, false)
    const value = code.let(load(width === 4 ? loads.i64s32 : loads.i64, place))
    code.store(stores.i32, cpu, place, cells.reservation)
    code.store(stores.i64, cpu, value, cells.reservedValue)
    return value
  }

  storeConditional(width: 4 | 8, address: I64, value: I64): I64 {
    const { code, cpu } = this
    const place = this.#atomicPlace(width, address, true)
    const failed = code.variable(i64.const(1n))
    const holds = i32.and(
      i32.eq(load(loads.i32, cpu, cells.reservation), place),
      i64.eq(load(loads.i64, cpu, cells.reservedValue), load(width === 4 ? loads.i64s32 : loads.i64, place)),
    )
    code.if(holds, () => {
      code.store(width === 4 ? stores.i64u32 : stores.i64, place, value)
      code.set(failed, i64.const(0n))
    })
    code.store(stores.i32, cpu, i32.const(0), cells.reservation)
    return failed
  }

  state(cell: string): I32 {
    return load(loads.i32, this.cpu, this.#stateOffset(cell))
  }

  setState(cell: string, value: I32): void {
    this.code.store(stores.i32, this.cpu, value, this.#stateOffset(cell))
  }

  stateAddress(cell: string): I32 {
    return i32.add(this.cpu, i32.const(this.#stateOffset(cell)))
  }

  helper<R extends Type>(name: string, result: R, ...operands: readonly Value[]): Value<R> {
    const target = this.helpers[name]
    if (target?.result !== result) throw new Error(`no helper "${name}" that returns ${result}`)
    return this.code.callFor(target as FunctionRef<readonly Type[], R>, ...operands)
  }

  #stateOffset(cell: string): number {
    const offset = this.stateCells[cell]
    if (offset === undefined) throw new Error(`the CPU has no state cell "${cell}"`)
    return offset
  }

  #atomicPlace(width: 4 | 8, address: I64, writes: boolean): I32 {
    const { code, cpu, access } = this
    const place = code.callFor(access.atomicPlace, cpu, address, i32.const(width), i32.const(writes ? 1 : 0))
    code.if(i32.eqz(place), () => {
      this.leaveOnFault()
    }, undefined, false)
    return place
  }
}
