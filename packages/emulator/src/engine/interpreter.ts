import type { Code, FunctionRef, Label, Local, Signature } from '../wasm/code.ts'
import type { ModuleBuilder } from '../wasm/module.ts'
import type { I32, I64 } from '../wasm/value.ts'
import { i32, i64, load, loads, select, stores } from '../wasm/value.ts'
import type { AccessFunctions } from './access.ts'
import { cells, leave, noSingle } from './layout.ts'
import { Lowering } from './lowering.ts'
import type { HandlerEntry } from './slots.ts'
import { handlerOf, handlers, regionFlag, regionMapEntries, slot, slotBytes } from './slots.ts'
import type { Operand } from './table.ts'
import { codeTable, tlbEntry } from './tlb.ts'

export interface InterpreterOptions {
  /** Where translated regions start: see `regionFlag`. */
  readonly regions: { readonly map: number; readonly signature: Signature<readonly ['i32', 'i32', 'i64'], undefined> }
  readonly entries: readonly HandlerEntry[]
  readonly access: AccessFunctions
  readonly helpers: Readonly<Record<string, FunctionRef>>
  /** Offsets of the ISA's 32-bit state cells. */
  readonly stateCells: Readonly<Record<string, number>>
}

/** What every handler shares: the interpreter's variables and the places it goes to. */
interface Shared {
  readonly code: Code
  readonly cpu: I32
  /** Address of the current slot. */
  readonly at: Local<'i32'>
  readonly budget: Local<'i32'>
  readonly tlb: Local<'i32'>
  /** `pc - at / 8`: what to add to get addresses. */
  readonly delta: Local<'i64'>
  readonly target: Local<'i64'>
  readonly reason: Local<'i32'>
  readonly next: Label
  /** Finds the slots of `target` and goes on there. */
  readonly goTo: Label
  /** Leaves with `reason`, the instruction at `at` undone. */
  readonly undone: Label
  readonly options: InterpreterOptions
}

const perByte = slotBytes / 2
const handlerVariables = 8

/** Lowers a meaning with operands read from the slot. */
class SlotLowering extends Lowering {
  readonly #s: Shared
  readonly #far: boolean
  readonly #positions = new Map<string, number>()
  ended = false

  constructor(shared: Shared, entry: HandlerEntry) {
    super({ ...shared, ...shared.options })
    this.#s = shared
    this.#far = entry.far
    const isRegister = ({ operand }: Operand): boolean => operand.kind === 'register'
    for (const [index, { name }] of entry.row.format.operands.filter(isRegister).entries()) {
      this.#positions.set(name, slot.registers[index] ?? 0)
    }
  }

  get(name: string): I64 {
    return load(loads.i64, this.#cell(name))
  }

  set(name: string, value: I64): void {
    this.code.store(stores.i64, this.#cell(name), value)
  }

  immediate(): I64 {
    return load(loads.i64s32, this.#s.at, slot.immediate)
  }

  immediate32(): I32 {
    return load(loads.i32, this.#s.at, slot.immediate)
  }

  pc(): I64 {
    return i64.add(i64.extendU(i32.shrU(this.#s.at, i32.const(3))), this.#s.delta)
  }

  next(): I64 {
    return i64.add(i64.extendU(i32.shrU(this.#nextSlot(), i32.const(3))), this.#s.delta)
  }

  branch(condition: I32): void {
    const { code, at, next } = this.#s
    if (this.#far) {
      code.if(condition, () => {
        this.jump()
      })
      this.ended = false
    } else {
      code.set(at, i32.add(at, select(condition, this.immediate32(), load(loads.i32u16, at, slot.next))))
      code.br(next)
      this.ended = true
    }
  }

  jump(): void {
    const { code, at, next, target, goTo } = this.#s
    if (this.#far) {
      code.set(target, i64.add(this.pc(), this.immediate()))
      code.br(goTo)
    } else {
      code.set(at, i32.add(at, this.immediate32()))
      code.br(next)
    }
    this.ended = true
  }

  jumpTo(address: I64): void {
    const { code, target, goTo } = this.#s
    code.set(target, address)
    code.br(goTo)
    this.ended = true
  }

  illegalIf(condition: I32): void {
    const { code, reason, undone } = this.#s
    code.if(condition, () => {
      code.set(reason, i32.const(leave.illegal))
      code.br(undone)
    }, undefined, false)
  }

  /** Goes on behind this instruction, unless it went elsewhere. */
  advance(): void {
    if (this.ended) return
    const { code, at, next } = this.#s
    code.set(at, this.#nextSlot())
    code.br(next)
  }

  #nextSlot(): I32 {
    return i32.add(this.#s.at, load(loads.i32u16, this.#s.at, slot.next))
  }

  #cell(name: string): I32 {
    const position = this.#positions.get(name)
    if (position === undefined) throw new Error(`no register operand "${name}" in this format`)
    return load(loads.i32u16, this.#s.at, position)
  }

  protected override leaveOnFault(): void {
    const { code, cpu, reason, undone } = this.#s
    code.set(reason, load(loads.i32, cpu, cells.fault))
    code.brIf(undone, reason, false)
  }

}

/**
 * Emits the cold tier: `run(cpu) → leave`, one function that executes pre-decoded slots. It starts at cell `pc` with
 * cell `budget` instructions to go, and leaves both up to date; an instruction that could not be completed is undone.
 */
export const defineInterpreter = (module: ModuleBuilder, options: InterpreterOptions): FunctionRef<readonly ['i32'], 'i32'> =>
  module.function('interpret', ['i32'], 'i32', (code, cpu) => {
    const at = code.local('i32')
    const budget = code.variable(load(loads.i32, cpu, cells.budget))
    const tlb = code.variable(load(loads.i32, cpu, cells.tlb))
    const delta = code.local('i64')
    const target = code.variable(load(loads.i64, cpu, cells.pc))
    const reason = code.local('i32')
    const pc = (): I64 => i64.add(i64.extendU(i32.shrU(at, i32.const(3))), delta)

    // Variables for the handlers, made here so that `forgetFree` can say at each dispatch that they hold nothing.
    code.scope(() => {
      for (let i = 0; i < handlerVariables; i++) for (const type of ['i32', 'i64'] as const) code.local(type)
    })
    code.block((out) => {
      code.block((undone) => {
        code.loop((goTo) => {
          const entry = code.let(tlbEntry(tlb, target))
          const page = i64.and(target, i64.const(-4096n))
          code.if(i64.ne(load(loads.i64, entry, codeTable), page), () => {
            code.set(reason, i32.const(leave.fetch))
            code.br(out)
          }, undefined, false)
          const slots = code.let(load(loads.i32, entry, codeTable + 8))
          code.set(at, i32.add(slots, i32.mul(i32.and(i32.wrap(target), i32.const(0xffe)), i32.const(perByte))))
          code.set(delta, i64.sub(page, i64.extendU(i32.shrU(slots, i32.const(3)))))

          code.loop((next) => {
            code.forgetFree()
            code.if(i32.eqz(budget), () => {
              code.set(reason, i32.const(leave.budget))
              code.set(target, pc())
              code.br(out)
            }, undefined, false)
            code.set(budget, i32.sub(budget, i32.const(1)))
            const shared: Shared = { code, cpu, at, budget, tlb, delta, target, reason, next, goTo, undone, options }
            emitCases(shared)
          })
        })
      })
      // The instruction at `at` did not happen.
      code.set(budget, i32.add(budget, i32.const(1)))
      code.set(target, pc())
    })
    code.store(stores.i64, cpu, target, cells.pc)
    code.store(stores.i32, cpu, budget, cells.budget)
    code.store(stores.i32, cpu, at, cells.slot)
    code.return(reason)
  })

/** The dispatch on the slot's handler, and the body of every handler. */
const emitCases = (shared: Shared): void => {
  const { code, at, budget, reason, undone, target, goTo, options } = shared
  const leaveWith = (why: number) => (): void => {
    code.set(reason, i32.const(why))
    code.br(undone)
  }
  const bodies: (() => void)[] = []
  bodies[handlers.undecoded] = leaveWith(leave.decode)
  bodies[handlers.pageEnd] = () => {
    // Not an instruction, so it costs no budget.
    code.set(budget, i32.add(budget, i32.const(1)))
    code.set(target, i64.add(i64.extendU(i32.shrU(at, i32.const(3))), shared.delta))
    code.br(goTo)
  }
  bodies[handlers.straddle] = leaveWith(leave.straddle)
  bodies[handlers.illegal] = leaveWith(leave.illegal)
  bodies[handlers.service] = leaveWith(leave.service)
  for (const [index, entry] of options.entries.entries()) {
    bodies[handlerOf(index)] = () => {
      const micro = new SlotLowering(shared, entry)
      entry.row.meaning(micro)
      micro.advance()
    }
  }
  const selector = code.variable(load(loads.i32u16, at, slot.handler))
  code.loop((again) => {
    const nest = (index: number, labels: readonly Label[], regions: Label): void => {
      if (index === bodies.length) {
        code.brTable(selector, [...labels].reverse(), regions)
        return
      }
      code.block((label) => {
        nest(index + 1, [...labels, label], regions)
      })
      code.scope(() => {
        bodies[bodies.length - 1 - index]?.()
      })
    }
    code.block((regions) => {
      nest(0, [], regions)
    })
    emitRegionEntry(shared, selector, again)
  })
}

/** A slot whose handler carries `regionFlag`: enters the region, or goes `again` to the handler proper. */
const emitRegionEntry = (shared: Shared, selector: Local<'i32'>, again: Label): void => {
  const { code, cpu, at, budget, target, goTo, options } = shared
  const { map, signature } = options.regions
  const entry = code.let(i32.add(i32.const(map), i32.shl(i32.and(i32.shrU(at, i32.const(4)), i32.const(regionMapEntries - 1)), i32.const(3))))
  const pc = code.let(i64.add(i64.extendU(i32.shrU(at, i32.const(3))), shared.delta))
  code.if(i32.or(i64.eq(load(loads.i64, cpu, cells.single), pc), i32.ne(load(loads.i32, entry), at)), () => {
    code.store(stores.i64, cpu, i64.const(noSingle), cells.single)
    code.set(selector, i32.and(selector, i32.const(regionFlag - 1)))
    code.br(again)
  })
  code.store(stores.i32, cpu, i32.add(budget, i32.const(1)), cells.budget)
  code.callIndirect(signature, load(loads.i32u16, entry, 4), cpu, load(loads.i32u16, entry, 6), pc)
  code.set(budget, load(loads.i32, cpu, cells.budget))
  code.set(target, load(loads.i64, cpu, cells.pc))
  code.br(goTo)
}
