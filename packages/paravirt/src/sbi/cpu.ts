import type { IrqLine } from '@strata/machine'

/** Hart states of HSM (SBI 3.0, chapter 9) that this implementation's harts can be seen in. */
export type SbiCpuStatus = 'started' | 'stopped' | 'suspended'

/** A fence that another hart asked for (SBI 3.0, chapter 8). */
export type RemoteFence =
  | { readonly kind: 'instruction' }
  /** Virtual addresses `[start, start + size)`; without a range the whole address space, without `asid` every one. */
  | { readonly kind: 'address'; readonly range?: { readonly start: bigint; readonly size: bigint }; readonly asid?: bigint }

/** What the SBI implementation may do with a CPU: its ports, never its insides. */
export interface SbiCpu {
  /** The hart's id, an integer from 0. */
  readonly id: number
  /** The supervisor timer interrupt (`sip.STIP`). */
  readonly timer: IrqLine
  /** Makes the supervisor software interrupt (`sip.SSIP`) pending; the guest clears it itself. */
  interrupt(): void
  readonly status: SbiCpuStatus
  /** Starts a stopped hart in supervisor mode at `pc`, translation and interrupts off, a0 = its id, a1 = `opaque`. */
  start(pc: bigint, opaque: bigint): void
  /** Stops the hart: it executes nothing until it is started again. */
  stop(): void
  /** Lets the hart, which made this call, execute nothing more until an interrupt is pending; it loses no state. */
  suspend?(): void
  /** Executes a fence on the hart. */
  fence(fence: RemoteFence): void
}
