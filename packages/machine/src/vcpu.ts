import type { SavedState } from './state.ts'

export type AccessWidth = 1 | 2 | 4 | 8

/** Why a virtual CPU stopped running. A guest's mistake is one of these values, never a thrown `Error`. */
export type Exit =
  /** A load from an address that is not RAM. Answer with {@link Vcpu.complete}, or {@link Vcpu.refuse} if nobody is there. */
  | { readonly kind: 'mmio-read'; readonly address: number; readonly width: AccessWidth }
  /** A store likewise; `value` is zero-extended. Answer with `complete()` or `refuse()`. */
  | { readonly kind: 'mmio-write'; readonly address: number; readonly width: AccessWidth; readonly value: bigint }
  /**
   * The guest called its hypervisor; `arguments` are the ISA's argument registers. Answer with `complete(...results)`, or
   * {@link Vcpu.refuse} if there is no hypervisor.
   */
  | { readonly kind: 'hypercall'; readonly arguments: readonly bigint[] }
  /** The CPU waits for an interrupt and none is pending. Run again without one, it is idle again, having retired nothing. */
  | { readonly kind: 'idle' }
  /** The budget is used up. */
  | { readonly kind: 'budget' }
  /** The guest can make no progress: it traps at the entry of its own trap handler, again and again. */
  | { readonly kind: 'fault'; readonly reason: string; readonly pc: bigint }

/**
 * A virtual CPU, in software or behind a host's hypervisor. One in software tells its `Clock` of the instructions it
 * retired before it leaves `run` and before it reads the time, and ends its run (`budget`) when it sets a timer itself
 * that is due sooner than its budget ends: so timers under virtual time fire at exactly their instruction.
 */
export interface Vcpu {
  /**
   * Runs until there is a reason to stop, retiring at most `budget` instructions (positive integer; a CPU that cannot
   * count them treats it as a hint).
   */
  run(budget: number): Exit
  /** Finishes the access or call of the last exit: the value a load receives, or the results of a hypercall. */
  complete(...results: readonly bigint[]): void
  /** Finishes the access or call of the last exit with the ISA's access fault. */
  refuse(): void
  /** Asks a running or next `run` to stop soon. Callable from a device during an exit. */
  interruptRun(): void
  /** Instructions retired since reset. */
  readonly retired: number
  save(): SavedState
  restore(state: SavedState): void
}
