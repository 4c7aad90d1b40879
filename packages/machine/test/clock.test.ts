import { describe, expect, it } from 'vitest'
import { HostClock, VirtualClock } from '../src/index.ts'
import { TimerHeap } from '../src/timer-heap.ts'
import { codeOf, random } from './support.ts'

describe('the timer heap', () => {
  it('fires in order of time, then of scheduling, and forgets what was cancelled', () => {
    const next = random(1)
    const heap = new TimerHeap()
    const fired: number[] = []
    const expected: { at: number; id: number }[] = []
    for (let id = 0; id < 2000; id++) {
      const at = next() % 500
      const timer = heap.schedule(at, () => fired.push(id))
      if (next() % 3 === 0) {
        timer.cancel()
        timer.cancel()
      } else expected.push({ at, id })
    }
    expected.sort((a, b) => a.at - b.at || a.id - b.id)
    expect(heap.nextDeadline()).toBe(expected[0]?.at)
    heap.fireDue(249)
    expect(fired).toEqual(expected.filter(({ at }) => at <= 249).map(({ id }) => id))
    heap.fireDue(10_000)
    expect(fired).toEqual(expected.map(({ id }) => id))
    expect(heap.nextDeadline()).toBe(Infinity)
  })

  it('lets a timer that is always due fire once a call', () => {
    const heap = new TimerHeap()
    let count = 0
    const again = (): void => {
      count++
      heap.schedule(0, again)
    }
    heap.schedule(0, again)
    heap.fireDue(5)
    expect(count).toBe(1)
    heap.fireDue(5)
    expect(count).toBe(2)
  })

  it('does not fire what an earlier timer cancels', () => {
    const heap = new TimerHeap()
    const fired: string[] = []
    heap.schedule(1, () => { second.cancel() })
    const second = heap.schedule(2, () => fired.push('second'))
    heap.schedule(3, () => fired.push('third'))
    heap.schedule(Infinity, () => fired.push('never'))
    heap.fireDue(Number.MAX_SAFE_INTEGER)
    expect(fired).toEqual(['third'])
  })
})

describe('the host clock', () => {
  it('counts ticks from its making and never goes back', () => {
    let milliseconds = 1000
    const clock = new HostClock({ frequency: 10_000_000, now: () => milliseconds })
    expect(clock.now()).toBe(0)
    milliseconds = 1000.5
    expect(clock.now()).toBe(5000)
    milliseconds = 900
    expect(clock.now()).toBe(5000)
    clock.retire(1_000_000)
    expect(clock.now()).toBe(5000)
    expect(clock.instructionsUntilDeadline()).toBe(Infinity)
    expect(clock.skipToDeadline()).toBe(false)
  })

  it('fires a timer once its time has come, and not from within schedule', () => {
    let milliseconds = 0
    const clock = new HostClock({ frequency: 1000, now: () => milliseconds })
    let fired = 0
    clock.schedule(0, () => fired++)
    expect(fired).toBe(0)
    clock.schedule(10, () => fired++)
    clock.fireDue()
    expect(fired).toBe(1)
    expect(clock.nextDeadline()).toBe(10)
    milliseconds = 9
    clock.fireDue()
    expect(fired).toBe(1)
    milliseconds = 10
    clock.fireDue()
    expect(fired).toBe(2)
  })

  it('goes on from a saved tick', () => {
    let milliseconds = 0
    const clock = new HostClock({ frequency: 1000, now: () => milliseconds })
    milliseconds = 500
    const state = clock.save()
    milliseconds = 90_000
    const other = new HostClock({ frequency: 1000, now: () => milliseconds })
    other.restore(state)
    expect(other.now()).toBe(500)
    milliseconds += 3
    expect(other.now()).toBe(503)
    expect(codeOf(() => { new HostClock({ frequency: 999, now: () => 0 }).restore(state) })).toBe('ERR_STATE_SHAPE')
    expect(codeOf(() => { other.restore({ ...state, ticks: -1 }) })).toBe('ERR_STATE_SHAPE')
    expect(other.now()).toBe(503)
  })

  it('refuses a frequency that is none', () => {
    for (const frequency of [0, -1, 1.5, NaN, Infinity]) expect(codeOf(() => new HostClock({ frequency, now: () => 0 }))).toBe('ERR_MACHINE_OPTION')
  })
})

describe('the virtual clock', () => {
  it('advances by retired instructions only', () => {
    const clock = new VirtualClock({ frequency: 10_000_000, instructionsPerTick: 10 })
    clock.retire(9)
    expect(clock.now()).toBe(0)
    clock.retire(1)
    expect(clock.now()).toBe(1)
    clock.retire(105)
    expect(clock.now()).toBe(11)
    clock.retire(5)
    expect(clock.now()).toBe(12)
  })

  it('tells exactly how many instructions are left to a deadline', () => {
    const clock = new VirtualClock({ frequency: 1000, instructionsPerTick: 7 })
    expect(clock.instructionsUntilDeadline()).toBe(Infinity)
    clock.retire(3)
    let fired = 0
    clock.schedule(4, () => fired++)
    const left = clock.instructionsUntilDeadline()
    clock.retire(left - 1)
    clock.fireDue()
    expect(fired).toBe(0)
    expect(clock.instructionsUntilDeadline()).toBe(1)
    clock.retire(1)
    clock.fireDue()
    expect(fired).toBe(1)
  })

  it('jumps to the next deadline, but not without one', () => {
    const clock = new VirtualClock({ frequency: 1000, instructionsPerTick: 7 })
    expect(clock.skipToDeadline()).toBe(false)
    clock.retire(3)
    clock.schedule(1_000_000, () => undefined)
    expect(clock.skipToDeadline()).toBe(true)
    expect(clock.now()).toBe(1_000_000)
    expect(clock.instructionsUntilDeadline()).toBe(1)
  })

  it('saves and restores to the instruction', () => {
    const clock = new VirtualClock({ frequency: 1000, instructionsPerTick: 7 })
    clock.retire(20)
    const other = new VirtualClock({ frequency: 1000, instructionsPerTick: 7 })
    other.restore(clock.save())
    other.retire(1)
    expect(other.now()).toBe(3)
    expect(codeOf(() => { other.restore({ ...clock.save(), partial: 7 }) })).toBe('ERR_STATE_SHAPE')
    expect(codeOf(() => { other.restore({ ...clock.save(), version: 0 }) })).toBe('ERR_STATE_VERSION')
    expect(other.now()).toBe(3)
  })
})
