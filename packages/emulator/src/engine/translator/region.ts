import type { MeaningRow, Operation } from '../table.ts'
import { flowOf } from './flow.ts'

/**
 * A stretch of guest code to be translated as one function: basic blocks reachable from an entry by direct branches,
 * jumps and calls, on pages whose code is known. Addresses are offsets in bytes from the page of the first entry, so
 * that a region stands for its code wherever its pages are mapped.
 */
export interface Region {
  readonly blocks: readonly Block[]
  /** Indices of blocks at which it may be entered: the first entry, callees, and where calls return to. */
  readonly entries: readonly number[]
  /** The pages it has code on: offset from the first page in pages, and the RAM page. */
  readonly pages: ReadonlyMap<number, number>
}

export interface Step {
  readonly offset: number
  readonly operation: Operation & { readonly row: MeaningRow }
}

export interface Block {
  readonly start: number
  readonly steps: readonly Step[]
  /** Where it ends: the offset behind its last instruction. */
  readonly end: number
  /** How its last instruction leaves it. `stop`: what follows is not for a region, go on at `end` in the interpreter. */
  readonly leaves: 'fall' | 'branch' | 'jump' | 'indirect' | 'stop'
  /** Target of a branch or jump. */
  readonly target?: number
}

/** Reads the instruction at an offset, or undefined if it is none, not known, or reaches into another page. */
export type ReadOperation = (offset: number) => Operation | undefined

export interface RegionLimits {
  readonly instructions: number
}

/** Finds the region around offset `start`. Undefined if its first instruction cannot be translated. */
export const findRegion = (start: number, read: ReadOperation, pageOf: (page: number) => number | undefined, limits: RegionLimits): Region | undefined => {
  const steps = new Map<number, Step>()
  const leaders = new Set<number>([start])
  const entered = new Set<number>([start])
  const work = [start]
  const reached = new Set<number>()
  const fetch = (offset: number): Step | undefined => {
    const found = steps.get(offset)
    if (found !== undefined) return found
    if (steps.size >= limits.instructions) return undefined
    const operation = read(offset)
    if (operation?.row.kind !== 'meaning') return undefined
    const step = { offset, operation: { ...operation, row: operation.row } }
    steps.set(offset, step)
    return step
  }
  const lead = (offset: number): void => {
    leaders.add(offset)
    if (!reached.has(offset)) work.push(offset)
  }
  // Breadth first: what is near comes in before the limit is reached.
  for (let next = work.shift(); next !== undefined; next = work.shift()) {
    if (reached.has(next)) continue
    reached.add(next)
    for (let at = next; ; ) {
      const step = fetch(at)
      if (step === undefined) break
      const { row, operands, length } = step.operation
      const flow = flowOf(row)
      const behind = at + length
      if (flow.kind === 'branch' || flow.kind === 'jump') {
        const target = at + (operands['imm'] ?? 0)
        lead(target)
        if (flow.kind === 'branch' || flow.links) lead(behind)
        if (flow.links) {
          entered.add(target)
          entered.add(behind)
        }
        break
      }
      if (flow.kind === 'indirect') {
        if (flow.links) {
          lead(behind)
          entered.add(behind)
        }
        break
      }
      at = behind
      if (leaders.has(at)) {
        lead(at)
        break
      }
    }
  }
  if (!steps.has(start)) return undefined
  const blocks = [...leaders]
    .filter((offset) => steps.has(offset))
    .sort((a, b) => a - b)
    .map((offset) => blockAt(offset, steps, leaders))
  const pages = new Map<number, number>()
  for (const { offset, operation } of steps.values()) {
    for (const page of [offset >> 12, (offset + operation.length - 1) >> 12]) {
      const ram = pageOf(page)
      if (ram !== undefined) pages.set(page, ram)
    }
  }
  const entries = blocks.flatMap((block, index) => (entered.has(block.start) ? [index] : []))
  return { blocks, entries, pages }
}

const blockAt = (start: number, all: ReadonlyMap<number, Step>, leaders: ReadonlySet<number>): Block => {
  const steps: Step[] = []
  let at = start
  for (;;) {
    const step = all.get(at)
    if (step === undefined) return { start, steps, end: at, leaves: 'stop' }
    steps.push(step)
    const { row, operands, length } = step.operation
    const { kind } = flowOf(row)
    const end = at + length
    if (kind === 'branch' || kind === 'jump') return { start, steps, end, leaves: kind, target: at + (operands['imm'] ?? 0) }
    if (kind === 'indirect') return { start, steps, end, leaves: kind }
    at = end
    if (leaders.has(at)) return { start, steps, end, leaves: all.has(at) ? 'fall' : 'stop' }
  }
}
