import type { Engine, HartOptions, VirtBoardOptions } from '../../src/index.ts'
import { RiscvHart, VirtBoard } from '../../src/index.ts'

/** A way in which the emulator executes. Every test of the instruction set's behaviour runs on all of them. */
export interface Tier {
  readonly name: string
  readonly hart: (options: HartOptions) => RiscvHart
  readonly board: (options: VirtBoardOptions) => VirtBoard
}

const tier = (name: string, engine: Engine): Tier => ({
  name,
  hart: (options) => new RiscvHart({ ...options, engine }),
  board: (options) => VirtBoard.create({ ...options, engine }),
})

export const tiers: readonly Tier[] = [tier('interpreter', 'interpreter'), tier('translator', 'eager')]
