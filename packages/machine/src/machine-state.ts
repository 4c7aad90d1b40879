import { StateError } from './errors.ts'
import { GuestMemory } from './memory.ts'
import { StateReader } from './state-reader.ts'
import type { SavedState, Stateful } from './state.ts'

/**
 * The parts of a machine by name, in the order in which they are restored: the clock before the devices that set
 * timers by it. Guest memory comes last, wherever it stands.
 */
export type MachineParts = Readonly<Record<string, Stateful>>

const ordered = (parts: MachineParts): [string, Stateful][] =>
  Object.entries(parts).sort(([, a], [, b]) => Number(a instanceof GuestMemory) - Number(b instanceof GuestMemory))

/** Gathers the states of all parts. Call it while the machine does not run. */
export const saveMachine = (parts: MachineParts): SavedState => ({
  version: 1,
  parts: Object.fromEntries(Object.entries(parts).map(([name, part]) => [name, part.save()])),
})

/**
 * Puts the parts back into saved states. Throws `StateError` if the state is not of this kind of machine; then every
 * part is as it was before.
 */
export const restoreMachine = (parts: MachineParts, state: SavedState): void => {
  const saved = new StateReader('the machine', state, 1).record('parts')
  const missing = Object.keys(parts).filter((name) => !Object.hasOwn(saved, name))
  const foreign = Object.keys(saved).filter((name) => !Object.hasOwn(parts, name))
  if (missing.length > 0 || foreign.length > 0) {
    throw new StateError(
      'ERR_STATE_SHAPE',
      `the state is of another machine: it lacks ${missing.join(', ') || 'nothing'} and has ${foreign.join(', ') || 'nothing'} too many; build the machine as it was when saved`,
    )
  }
  const reader = new StateReader('the machine', { ...saved, version: 1 }, 1)
  const plan = ordered(parts).map(([name, part]) => ({ part, next: reader.state(name) }))
  // The last part refuses without having changed anything, so only those before it need their way back.
  const before = plan.slice(0, -1).map(({ part }) => ({ part, state: part.save() }))
  try {
    for (const { part, next } of plan) part.restore(next)
  } catch (error) {
    for (const { part, state: previous } of before) part.restore(previous)
    throw error
  }
}
