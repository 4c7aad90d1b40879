import type { Micro } from '../../src/engine/micro.ts'
import type { MeaningRow } from '../../src/engine/table.ts'
import type { Code } from '../../src/wasm/code.ts'
import { ModuleBuilder } from '../../src/wasm/module.ts'
import type { Access, I32, I64, Type, Value } from '../../src/wasm/value.ts'
import { i32, i64, load, loads, stores } from '../../src/wasm/value.ts'

// Cells of the memory that a meaning is evaluated on.
const cells: Readonly<Record<string, number>> = { rd: 0, rs1: 8, rs2: 16 }
const immediateCell = 24
const pcCell = 32
const targetCell = 40
const reservedCell = 48
/** Where guest memory lies in the module's, and how large it is. */
const guest = 4096
export const guestBytes = 4096

/** Register operands that name the same register share a cell. */
export type Aliases = Readonly<Record<string, string>>

/** Lowers a meaning onto plain memory: no translation, no faults, no registers that are always zero. */
class TestMicro implements Micro {
  readonly code: Code
  readonly #aliases: Aliases
  readonly #length: number

  constructor(code: Code, length: number, aliases: Aliases) {
    this.code = code
    this.#length = length
    this.#aliases = aliases
  }

  get(name: string): I64 {
    return load(loads.i64, i32.const(this.#cell(name)))
  }

  set(name: string, value: I64): void {
    this.code.store(stores.i64, i32.const(this.#cell(name)), value)
  }

  immediate(): I64 {
    return load(loads.i64, i32.const(immediateCell))
  }

  immediate32(): I32 {
    return load(loads.i32, i32.const(immediateCell))
  }

  pc(): I64 {
    return load(loads.i64, i32.const(pcCell))
  }

  next(): I64 {
    return i64.add(this.pc(), i64.const(BigInt(this.#length)))
  }

  load<T extends Type>(how: Access<T>, address: I64): Value<T> {
    return this.code.let(load(how, i32.wrap(address), guest))
  }

  store(how: Access<'i64'>, address: I64, value: I64): void {
    this.code.store(how, i32.wrap(address), value, guest)
  }

  atomic(width: 4 | 8, address: I64, compute: (old: I64) => I64): I64 {
    const old = this.load(width === 4 ? loads.i64s32 : loads.i64, address)
    this.store(width === 4 ? stores.i64u32 : stores.i64, address, compute(old))
    return old
  }

  loadReserved(width: 4 | 8, address: I64): I64 {
    this.code.store(stores.i64, i32.const(reservedCell), address)
    return this.load(width === 4 ? loads.i64s32 : loads.i64, address)
  }

  storeConditional(width: 4 | 8, address: I64, value: I64): I64 {
    const failed = this.code.let(i64.extendU(i64.ne(load(loads.i64, i32.const(reservedCell)), address)))
    this.code.if(i64.eqz(failed), () => this.store(width === 4 ? stores.i64u32 : stores.i64, address, value))
    return failed
  }

  branch(condition: I32): void {
    this.code.if(condition, () => this.jump())
  }

  jump(): void {
    this.jumpTo(i64.add(this.pc(), this.immediate()))
  }

  jumpTo(address: I64): void {
    this.code.store(stores.i64, i32.const(targetCell), address)
  }

  illegalIf(): void {
    this.#refuse()
  }

  state(): I32 {
    return this.#refuse()
  }

  setState(): void {
    this.#refuse()
  }

  stateAddress(): I32 {
    return this.#refuse()
  }

  helper<R extends Type>(): Value<R> {
    return this.#refuse()
  }

  #cell(name: string): number {
    const cell = cells[this.#aliases[name] ?? name]
    if (cell === undefined) throw new Error(`no cell for the operand ${name}`)
    return cell
  }

  #refuse(): never {
    throw new Error('integer instructions are evaluated without helpers and state')
  }
}

export interface Inputs {
  readonly rs1?: bigint
  readonly rs2?: bigint
  readonly imm?: bigint
  readonly pc?: bigint
}
export interface Outcome {
  readonly rd: bigint
  /** Where control goes; undefined if to the next instruction. */
  readonly target: bigint | undefined
}

/** What `rd` holds before: an instruction that leaves it alone shows. */
export const untouched = 0x5151_5151_5151_5151n
/** No instruction goes there: it is odd. */
const nowhere = -1n

export interface Evaluator {
  (inputs: Inputs): Outcome
  /** Guest memory from address 0. */
  readonly memory: DataView
}

/** A meaning as a function. */
export const evaluator = (row: MeaningRow, aliases: Aliases = {}): Evaluator => {
  const builder = new ModuleBuilder({ pages: 1, shared: false })
  builder.export('run', builder.function('run', [], undefined, (code) => row.meaning(new TestMicro(code, row.length, aliases))))
  const memory = new WebAssembly.Memory({ initial: 1 })
  const instance = new WebAssembly.Instance(new WebAssembly.Module(builder.encode() as BufferSource), { host: { memory } })
  const run = instance.exports['run'] as () => void
  const view = new DataView(memory.buffer)
  const write = (cell: number, value: bigint): void => view.setBigInt64(cell, value, true)
  const evaluate = (inputs: Inputs): Outcome => {
    write(cells['rd']!, untouched)
    write(cells['rs1']!, inputs.rs1 ?? 0n)
    write(cells['rs2']!, inputs.rs2 ?? 0n)
    write(immediateCell, inputs.imm ?? 0n)
    write(pcCell, inputs.pc ?? 0n)
    write(targetCell, nowhere)
    run()
    const target = view.getBigInt64(targetCell, true)
    return { rd: view.getBigInt64(cells[aliases['rd'] ?? 'rd']!, true), target: target === nowhere ? undefined : target }
  }
  return Object.assign(evaluate, { memory: new DataView(memory.buffer, guest, guestBytes) })
}
