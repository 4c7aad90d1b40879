import type { IrqLine } from '../src/index.ts'

/** A line that remembers its level and how often it rose. */
export class Pin implements IrqLine {
  level = false
  rises = 0

  set(level: boolean): void {
    if (level && !this.level) this.rises++
    this.level = level
  }
}

/** A seeded generator of 32-bit numbers (xorshift). */
export const random = (seed: number): (() => number) => {
  let state = seed | 1
  return () => {
    state ^= state << 13
    state ^= state >>> 17
    state ^= state << 5
    return state >>> 0
  }
}

/** The `code` of what `action` throws. */
export const codeOf = (action: () => unknown): string => {
  try {
    action()
  } catch (error) {
    return error instanceof Error && 'code' in error ? String(error.code) : `uncoded: ${String(error)}`
  }
  return 'nothing thrown'
}

export const codeOfAsync = async (action: () => Promise<unknown>): Promise<string> => {
  try {
    await action()
  } catch (error) {
    return error instanceof Error && 'code' in error ? String(error.code) : `uncoded: ${String(error)}`
  }
  return 'nothing thrown'
}
