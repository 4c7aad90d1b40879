/** A pending call of a {@link Clock}; `cancel` forgets it, and may be called any number of times. */
export interface Timer {
  cancel(): void
}

/**
 * The guest's time, in ticks since the machine's reset: a non-negative integer below 2^53.
 * Either the host's time or virtual time that only advances as instructions retire.
 */
export interface Clock {
  /** Ticks a second (the device tree's `timebase-frequency`). */
  readonly frequency: number
  /** Ticks since reset. Never decreases. */
  now(): number
  /**
   * Calls `fire` once, as soon as the machine's loop sees `now() >= at`; never from within `schedule`. `Infinity` is
   * never. Pending timers are no part of the clock's saved state: who restores a state schedules them again.
   */
  schedule(at: number, fire: () => void): Timer
  /** When the earliest pending timer is due, in ticks; `Infinity` if there is none. */
  nextDeadline(): number
  /** Calls every timer that is due. The machine's loop calls it between slices. */
  fireDue(): void
  /** A CPU reports instructions it retired since its last report. Host time ignores it; virtual time advances by it. */
  retire(instructions: number): void
  /** How many instructions may retire before the next deadline: `Infinity` for host time, at least 1. */
  instructionsUntilDeadline(): number
  /** All CPUs idle: virtual time jumps to the next deadline and returns true; host time returns false (the loop must wait). */
  skipToDeadline(): boolean
}
