import { Code } from '../../wasm/code.ts'
import { i32, i64 } from '../../wasm/value.ts'
import type { Access, I32, I64, Type, Value } from '../../wasm/value.ts'
import type { Micro } from '../micro.ts'
import type { MeaningRow } from '../table.ts'

/** What a region needs to know of an instruction before it is lowered, as its meaning tells. */
export interface Flow {
  /** `fall`: to the next one; `branch`: there or to the target; `jump`: to the target; `indirect`: to a computed address. */
  readonly kind: 'fall' | 'branch' | 'jump' | 'indirect'
  /** It keeps the address of the next instruction: a call, to which the callee returns. */
  readonly links: boolean
  /** The helpers it calls. */
  readonly helpers: readonly string[]
}

/** Runs a meaning for what it says of control flow; the code it emits is thrown away. */
class FlowRecorder implements Micro {
  readonly code: Code = new Code([])
  kind: Flow['kind'] = 'fall'
  links = false
  readonly helpers: string[] = []

  get(): I64 {
    return this.code.local('i64')
  }
  set(): void {
    // Registers are not control flow.
  }
  immediate(): I64 {
    return this.code.local('i64')
  }
  immediate32(): I32 {
    return this.code.local('i32')
  }
  pc(): I64 {
    return this.code.local('i64')
  }
  next(): I64 {
    this.links = true
    return this.code.local('i64')
  }
  load<T extends Type>(how: Access<T>): Value<T> {
    return this.code.local(how.type)
  }
  store(): void {
    // Memory is not control flow.
  }
  atomic(_width: 4 | 8, _address: I64, compute: (old: I64) => I64): I64 {
    const old = this.code.local('i64')
    compute(old)
    return old
  }
  loadReserved(): I64 {
    return this.code.local('i64')
  }
  storeConditional(): I64 {
    return i64.const(0n)
  }
  branch(): void {
    this.kind = 'branch'
  }
  jump(): void {
    this.kind = 'jump'
  }
  jumpTo(): void {
    this.kind = 'indirect'
  }
  illegalIf(): void {
    // Leaving a region is not control flow within it.
  }
  state(): I32 {
    return this.code.local('i32')
  }
  setState(): void {
    // State is not control flow.
  }
  stateAddress(): I32 {
    return i32.const(0)
  }
  helper<R extends Type>(name: string, result: R): Value<R> {
    this.helpers.push(name)
    return this.code.local(result)
  }
}

const known = new WeakMap<MeaningRow, Flow>()

/** The control flow of a row's instructions. */
export const flowOf = (row: MeaningRow): Flow => {
  let flow = known.get(row)
  if (flow === undefined) {
    const recorder = new FlowRecorder()
    row.meaning(recorder)
    flow = { kind: recorder.kind, links: recorder.links, helpers: recorder.helpers }
    known.set(row, flow)
  }
  return flow
}
