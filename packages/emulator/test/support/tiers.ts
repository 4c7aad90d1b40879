import type { HartOptions, VirtBoardOptions } from '../../src/index.ts'
import { RiscvHart, VirtBoard } from '../../src/index.ts'

/** A way in which the emulator executes. Every test of the instruction set's behaviour runs on all of them. */
export interface Tier {
  readonly name: string
  readonly hart: (options: HartOptions) => RiscvHart
  readonly board: (options: VirtBoardOptions) => VirtBoard
}

export const tiers: readonly Tier[] = [
  { name: 'interpreter', hart: (options) => new RiscvHart(options), board: (options) => VirtBoard.create(options) },
]
