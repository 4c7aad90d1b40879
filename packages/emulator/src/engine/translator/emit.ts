import type { Code, FunctionRef, Label, Local } from '../../wasm/code.ts'
import type { ModuleBuilder } from '../../wasm/module.ts'
import { constant, i32, i64, load, loads, select, stores } from '../../wasm/value.ts'
import type { I32, I64 } from '../../wasm/value.ts'
import type { AccessFunctions } from '../access.ts'
import { cells, noSingle } from '../layout.ts'
import { Lowering } from '../lowering.ts'
import type { LoweringContext } from '../lowering.ts'
import { immediateOf } from '../slots.ts'
import type { RegisterFile } from '../slots.ts'
import type { Block, Region, Step } from './region.ts'
import { shapeOf } from './structure.ts'

export interface EmitContext {
  readonly files: Readonly<Record<string, RegisterFile>>
  readonly stateCells: Readonly<Record<string, number>>
  readonly access: AccessFunctions
  readonly helpers: Readonly<Record<string, FunctionRef>>
  /** `(region, base) → ok`: asked when addresses may be mapped differently than when it last agreed. */
  readonly revalidate: FunctionRef<readonly ['i32', 'i64'], 'i32'>
  /** Identifies the region to `revalidate`. */
  readonly id: number
  /** In linear memory: 16 bytes, the epoch (i32 at 0) and base (i64 at 8) at which the region was last found valid. */
  readonly record: number
  /** In linear memory: the entries by address, see {@link entryTable}. */
  readonly table: { readonly address: number; readonly mask: number }
}

/** A small open table: `(offset >> 1) & mask` finds an entry's offset (i32) and its number (i32). */
export const entryTable = (offsets: readonly number[]): { readonly mask: number; readonly rows: Int32Array } => {
  let size = 2
  while (size < offsets.length * 2) size *= 2
  const rows = new Int32Array(size * 2).fill(-1)
  // Of two entries that fall together the first is found; the other one is reached through the interpreter.
  for (const [number, offset] of offsets.entries()) {
    const row = ((offset >> 1) & (size - 1)) * 2
    if (rows[row + 1] === -1) rows.set([offset, number], row)
  }
  return { mask: size - 1, rows }
}

/** A register of the guest in a local of the function. */
interface Register {
  readonly local: Local<'i64'>
  readonly cell: number
  written: boolean
}

/** The variables of the function, and the ways out of it. */
interface Frame {
  readonly code: Code
  readonly cpu: I32
  /** Address of the region's first page. */
  readonly base: I64
  readonly budget: Local<'i32'>
  /** Where to go on after leaving, and whether in the interpreter. */
  readonly exitTo: Local<'i64'>
  readonly single: Local<'i32'>
  readonly exit: Label
  readonly registers: Map<string, Register>
}

/** What a block's last instruction is to be lowered to. */
interface Ways {
  readonly branch: (condition: I32) => void
  readonly jump: () => void
  readonly indirect: (target: I64) => void
}

/** Lowers meanings with operands known and registers in locals. */
class StepLowering extends Lowering {
  readonly #frame: Frame
  readonly #files: Readonly<Record<string, RegisterFile>>
  readonly #ways: Ways
  #step: Step
  /** How much of the block's budget was taken for what does not happen if the current step fails. */
  #unused: number

  constructor(context: LoweringContext, frame: Frame, files: Readonly<Record<string, RegisterFile>>, ways: Ways, step: Step, unused: number) {
    super(context)
    this.#frame = frame
    this.#files = files
    this.#ways = ways
    this.#step = step
    this.#unused = unused
  }

  next(): I64 {
    return this.#address(this.#step.offset + this.#step.operation.length)
  }
  pc(): I64 {
    return this.#address(this.#step.offset)
  }
  get(name: string): I64 {
    return this.#register(name)?.local ?? i64.const(0n)
  }
  set(name: string, value: I64): void {
    const register = this.#register(name)
    if (register === undefined) return
    this.code.set(register.local, value)
    register.written = true
  }
  immediate(): I64 {
    return i64.const(BigInt(immediateOf(this.#step.operation.operands)))
  }
  immediate32(): I32 {
    return i32.const(immediateOf(this.#step.operation.operands))
  }
  branch(condition: I32): void {
    this.#ways.branch(condition)
  }
  jump(): void {
    this.#ways.jump()
  }
  jumpTo(address: I64): void {
    this.#ways.indirect(address)
  }
  illegalIf(condition: I32): void {
    if (constant(condition) === 0) return
    this.code.if(condition, () => { this.#undone() }, undefined, false)
  }
  protected override leaveOnFault(): void {
    this.code.if(load(loads.i32, this.cpu, cells.fault), () => { this.#undone() }, undefined, false)
  }

  /** The interpreter shall execute this instruction, and find out again what is the matter. */
  #undone(): void {
    const { code, budget, exit, exitTo, single } = this.#frame
    code.set(budget, i32.add(budget, i32.const(this.#unused)))
    code.set(exitTo, this.pc())
    code.set(single, i32.const(1))
    code.br(exit)
  }

  #address(offset: number): I64 {
    return i64.add(this.#frame.base, i64.const(BigInt(offset)))
  }

  #register(name: string): Register | undefined {
    const { row, operands } = this.#step.operation
    const operand = row.format.operands.find((o) => o.name === name)?.operand
    if (operand?.kind !== 'register') throw new Error(`${row.mnemonic} has no register operand "${name}"`)
    return this.#frame.registers.get(registerKey(this.#files, operand.file, operands[name] ?? 0))
  }
}

const registerKey = (files: Readonly<Record<string, RegisterFile>>, file: string, number: number): string =>
  files[file]?.zero?.register === number ? '' : `${file}${String(number)}`

/**
 * Emits a region: `region(cpu, entry, pc)`, `entry` being a position in `Region.entries` and `pc` the address of that
 * block. It runs until its budget is used up, control leaves it, or an instruction needs the interpreter.
 */
export const emitRegion = (module: ModuleBuilder, name: string, region: Region, context: EmitContext): FunctionRef =>
  module.function(name, ['i32', 'i32', 'i64'], undefined, (code, cpu, entry, pc) => {
    const { blocks, entries } = region
    const tlb = code.variable(load(loads.i32, cpu, cells.tlb))
    const budget = code.variable(load(loads.i32, cpu, cells.budget))
    const base = code.variable(i64.and(pc, i64.const(-4096n)))
    // The entry may be on another page than the first.
    for (const [number, index] of entries.entries()) {
      const page = (blocks[index]?.start ?? 0) >> 12
      if (page === 0) continue
      code.if(i32.eq(entry, i32.const(number)), () => { code.set(base, i64.sub(base, i64.const(BigInt(page * 4096)))) })
    }
    const exitTo = code.local('i64')
    const single = code.local('i32')
    if (region.pages.size > 1) emitValidation(code, cpu, base, pc, context)

    const registers = new Map<string, Register>()
    for (const block of blocks) {
      for (const { operation } of block.steps) {
        for (const { name: operandName, operand } of operation.row.format.operands) {
          if (operand.kind !== 'register') continue
          const number = operation.operands[operandName] ?? 0
          const key = registerKey(context.files, operand.file, number)
          if (key === '' || registers.has(key)) continue
          const cell = (context.files[operand.file]?.offset ?? 0) + 8 * number
          registers.set(key, { local: code.variable(load(loads.i64, cpu, cell)), cell, written: false })
        }
      }
    }
    code.block((exit) => {
      const frame: Frame = { code, cpu, base, budget, exitTo, single, exit, registers }
      emitBlocks(region, { code, cpu, tlb, ...context }, frame, entry, context)
    })
    for (const { local, cell, written } of registers.values()) if (written) code.store(stores.i64, cpu, local, cell)
    code.store(stores.i64, cpu, exitTo, cells.pc)
    code.store(stores.i32, cpu, budget, cells.budget)
    code.store(stores.i64, cpu, select(single, exitTo, i64.const(noSingle)), cells.single)
  })

/** A region on several pages holds as long as they follow one another as they did. */
const emitValidation = (code: Code, cpu: I32, base: I64, pc: I64, context: EmitContext): void => {
  const record = i32.const(context.record)
  const stale = i32.or(
    i32.ne(load(loads.i32, record), load(loads.i32, cpu, cells.epoch)),
    i64.ne(load(loads.i64, record, 8), base),
  )
  code.if(stale, () => {
    code.if(i32.eqz(code.callFor(context.revalidate, i32.const(context.id), base)), () => {
      code.store(stores.i64, cpu, pc, cells.pc)
      code.store(stores.i64, cpu, pc, cells.single)
      code.return()
    })
  }, undefined, false)
}

const emitBlocks = (region: Region, lowering: LoweringContext, frame: Frame, entry: Local<'i32'>, context: EmitContext): void => {
  const { blocks } = region
  const { code, base, budget, exit, exitTo, single } = frame
  const nodeAt = new Map(blocks.map((block, index) => [block.start, index + 1]))
  const successorsOf = (block: Block): number[] => {
    const offsets = block.leaves === 'branch' ? [block.target ?? 0, block.end] : block.leaves === 'jump' ? [block.target ?? 0] : block.leaves === 'fall' ? [block.end] : []
    return [...new Set(offsets.flatMap((offset) => nodeAt.get(offset) ?? []))]
  }
  const shape = shapeOf({ successors: [region.entries.map((index) => index + 1), ...blocks.map(successorsOf)] })
  const labels = new Map<number, Label>()
  const loopLabels = new Map<number, Label>()
  const labelOf = (from: ReadonlyMap<number, Label>, node: number): Label => {
    const label = from.get(node)
    if (label === undefined) throw new Error(`node ${String(node)} is not in scope`)
    return label
  }

  const leaveTo = (offset: number): void => {
    code.set(exitTo, i64.add(base, i64.const(BigInt(offset))))
    code.set(single, i32.const(0))
    code.br(exit)
  }
  const goTo = (from: number, offset: number): void => {
    const to = nodeAt.get(offset)
    if (to === undefined) {
      leaveTo(offset)
    } else if (shape.isDispatched(from, to)) {
      code.set(entry, i32.const(shape.dispatched.indexOf(to)))
      code.br(labelOf(loopLabels, 0))
    } else if (shape.isBack(from, to)) {
      code.br(labelOf(loopLabels, to))
    } else if (shape.merges.has(to)) {
      code.br(labelOf(labels, to))
    } else {
      emitTree(to)
    }
  }
  const goIndirect = (target: I64): void => {
    const address = code.let(target)
    const distance = code.let(i64.sub(address, base))
    const row = code.let(i32.add(i32.const(context.table.address), i32.shl(i32.and(i32.shrU(i32.wrap(distance), i32.const(1)), i32.const(context.table.mask)), i32.const(3))))
    code.if(i64.eq(load(loads.i64s32, row), distance), () => {
      code.set(entry, load(loads.i32, row, 4))
      code.br(labelOf(loopLabels, 0))
    })
    code.set(exitTo, address)
    code.set(single, i32.const(0))
    code.br(exit)
  }

  const emitBlock = (node: number): void => {
    const block = blocks[node - 1]
    if (block === undefined) return
    const length = block.steps.length
    code.if(i32.ltU(budget, i32.const(length)), () => {
      code.store(stores.i32, frame.cpu, i32.const(1), cells.starved)
      code.set(exitTo, i64.add(base, i64.const(BigInt(block.start))))
      code.set(single, i32.const(1))
      code.br(exit)
    }, undefined, false)
    code.set(budget, i32.sub(budget, i32.const(length)))
    const ways: Ways = {
      branch: (condition) => {
        code.if(condition, () => { goTo(node, block.target ?? 0) })
        goTo(node, block.end)
      },
      jump: () => { goTo(node, block.target ?? 0) },
      indirect: goIndirect,
    }
    for (const [index, step] of block.steps.entries()) {
      const meaning = (): void => { step.operation.row.meaning(new StepLowering(lowering, frame, context.files, ways, step, length - index)) }
      code.scope(meaning)
    }
    if (block.leaves === 'fall') goTo(node, block.end)
    else if (block.leaves === 'stop') leaveTo(block.end)
  }

  const emitNode = (node: number): void => {
    if (node !== 0) {
      code.scope(() => { emitBlock(node) })
      return
    }
    const targets = shape.dispatched.map((to) => labelOf(labels, to))
    const last = targets[targets.length - 1]
    if (last !== undefined) code.brTable(entry, targets.slice(0, -1), last)
  }

  const emitTree = (node: number): void => {
    const children = shape.children[node] ?? []
    const followers = node === 0 ? children : children.filter((child) => shape.merges.has(child))
    const within = (count: number): void => {
      const follower = followers[count - 1]
      if (follower === undefined) {
        emitNode(node)
        return
      }
      code.block((label) => {
        labels.set(follower, label)
        within(count - 1)
      })
      emitTree(follower)
    }
    if (node === 0 || shape.loops.has(node)) {
      code.loop((label) => {
        loopLabels.set(node, label)
        within(followers.length)
      })
    } else {
      within(followers.length)
    }
  }
  emitTree(0)
}
