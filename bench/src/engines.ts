import type { VirtBoardOptions } from '@strata/emulator'

/** A way in which the emulator executes a guest. */
export interface Engine {
  readonly name: string
  /** What makes a board execute that way. */
  readonly board: Partial<VirtBoardOptions>
}

/** The engines that are measured. A new one is an entry here. */
export const engines: readonly Engine[] = [
  { name: 'interpreter', board: {} },
  { name: 'translator', board: { engine: 'translator' } },
]

/** Throws if there is no such engine. */
export const engineOf = (name: string): Engine => {
  const engine = engines.find((one) => one.name === name)
  if (engine === undefined) throw new Error(`no engine ${name}; there are: ${engines.map((one) => one.name).join(', ')}`)
  return engine
}
