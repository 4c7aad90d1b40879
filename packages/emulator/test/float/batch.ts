import { defineFloat } from '../../src/float/define.ts'
import { ModuleBuilder } from '../../src/wasm/module.ts'
import { i32, i64, load, loads, stores } from '../../src/wasm/value.ts'
import type { Type, Value } from '../../src/wasm/value.ts'

/**
 * A case: offsets of u32 operation, u32 rounding, u64 operands, u64 result, u32 flags on entry, u32 flags on exit.
 * 32-bit operands and results are the low half, the other half zero.
 */
export const record = { bytes: 48, operation: 0, rounding: 4, a: 8, b: 16, c: 24, result: 32, before: 40, after: 44 } as const

export interface Operation {
  /** Its number in records. */
  readonly code: number
  readonly name: string
  readonly rounds: boolean
  readonly operands: readonly Type[]
  readonly result: Type
}

const rounds = (name: string): boolean => /_(add|sub|mul|div|sqrt|fma|to_[iu]\d+|from_[iu]\d+)$|^f64_to_f32$/.test(name)

/** Every function of `defineFloat`. */
export const operations: readonly Operation[] = Object.entries(defineFloat(new ModuleBuilder({ pages: 1, shared: false })))
  .map(([name, { parameters, result }], code) => {
    if (result === undefined) throw new Error(`${name} has no result`)
    return { code, name, rounds: rounds(name), operands: parameters.slice(rounds(name) ? 2 : 1), result }
  })

export const operationNamed = (name: string): Operation => {
  const found = operations.find((operation) => operation.name === name)
  if (found === undefined) throw new Error(`no operation ${name}`)
  return found
}

const pages = 512

/** How many records fit. */
export const capacity: number = Math.floor((pages * 65536) / record.bytes)

export interface Batch {
  readonly memory: Uint8Array<ArrayBuffer>
  /** Computes results and flags of `count` records of one operation from record `first` on, or of that one over and over. */
  readonly run: (operation: Operation, first: number, count: number, repeat?: boolean) => void
}

/** Instantiates the functions, each with a loop that applies it to records in memory. */
export const createBatch = async (): Promise<Batch> => {
  const module = new ModuleBuilder({ pages, shared: false })
  const functions = defineFloat(module)
  for (const { name, rounds, operands, result } of operations) {
    const target = functions[name] as { readonly index: number; readonly parameters: readonly Type[]; readonly result: Type }
    const loop = module.function(`run_${name}`, ['i32', 'i32', 'i32'], undefined, (code, at, count, stride) => {
      code.loop((again) => {
        const status = i32.add(at, i32.const(record.after))
        code.store(stores.i32, status, load(loads.i32, at, record.before))
        const values: Value[] = operands.map((type, index) => load(type === 'i32' ? loads.i32 : loads.i64, at, record.a + 8 * index))
        const value = code.callFor(target, status, ...(rounds ? [load(loads.i32, at, record.rounding)] : []), ...values)
        code.store(stores.i64, at, result === 'i32' ? i64.extendU(value as Value<'i32'>) : (value as Value<'i64'>), record.result)
        code.set(at, i32.add(at, stride))
        code.set(count, i32.sub(count, i32.const(1)))
        code.brIf(again, count)
      })
    })
    module.export(name, loop)
  }
  const memory = new WebAssembly.Memory({ initial: pages })
  const { instance } = await WebAssembly.instantiate(module.encode({ branchHints: true }) as Uint8Array<ArrayBuffer>, { host: { memory } })
  const exported = instance.exports as Record<string, (at: number, count: number, stride: number) => void>
  return {
    memory: new Uint8Array(memory.buffer),
    run: ({ name }, first, count, repeat = false) => {
      if (count > 0) exported[name]?.(first * record.bytes, count, repeat ? 0 : record.bytes)
    },
  }
}
