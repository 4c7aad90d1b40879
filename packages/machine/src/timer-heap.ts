import type { Timer } from './clock.ts'

interface Entry {
  readonly at: number
  readonly sequence: number
  readonly fire: () => void
  /** Place in the heap, -1 once it is out. */
  index: number
}

const earlier = (a: Entry, b: Entry): boolean => a.at < b.at || (a.at === b.at && a.sequence < b.sequence)

/** Pending timers by due time; those due at the same tick fire in the order they were scheduled. */
export class TimerHeap {
  readonly #heap: Entry[] = []
  #sequence = 0

  /** `at` may be `Infinity` (or NaN): never. */
  schedule(at: number, fire: () => void): Timer {
    if (!(at < Infinity)) return { cancel: () => undefined }
    const entry: Entry = { at, sequence: this.#sequence++, fire, index: this.#heap.length }
    this.#heap.push(entry)
    this.#up(entry)
    return { cancel: () => { this.#remove(entry) } }
  }

  /** `Infinity` if there is none. */
  nextDeadline(): number {
    return this.#heap[0]?.at ?? Infinity
  }

  /**
   * Fires what is due at `now` and was scheduled before this call: a timer that schedules itself again for a time past
   * waits for the next call, so one that always does cannot hold up the machine.
   */
  fireDue(now: number): void {
    const limit = this.#sequence
    const again: Entry[] = []
    for (let first = this.#heap[0]; first !== undefined && first.at <= now; first = this.#heap[0]) {
      this.#remove(first)
      if (first.sequence < limit) first.fire()
      else again.push(first)
    }
    for (const entry of again) {
      entry.index = this.#heap.length
      this.#heap.push(entry)
      this.#up(entry)
    }
  }

  #remove(entry: Entry): void {
    const { index } = entry
    if (index < 0) return
    entry.index = -1
    const moved = this.#heap.pop()
    if (moved === undefined || moved === entry) return
    this.#heap[index] = moved
    moved.index = index
    this.#up(moved)
    this.#down(moved)
  }

  #up(entry: Entry): void {
    while (entry.index > 0) {
      const parent = this.#heap[(entry.index - 1) >> 1]
      if (parent === undefined || !earlier(entry, parent)) return
      this.#swap(entry, parent)
    }
  }

  #down(entry: Entry): void {
    for (;;) {
      const left = this.#heap[entry.index * 2 + 1]
      const right = this.#heap[entry.index * 2 + 2]
      const child = left !== undefined && right !== undefined && earlier(right, left) ? right : left
      if (child === undefined || !earlier(child, entry)) return
      this.#swap(entry, child)
    }
  }

  #swap(a: Entry, b: Entry): void {
    const { index } = a
    this.#heap[b.index] = a
    a.index = b.index
    this.#heap[index] = b
    b.index = index
  }
}
