import type { SbiCpu } from './cpu.ts'

/** Standard SBI errors (RISC-V SBI 3.0, chapter 3 "Binary Encoding"). */
export const SbiError: {
  readonly success: 0n
  readonly failed: -1n
  readonly notSupported: -2n
  readonly invalidParam: -3n
  readonly denied: -4n
  readonly invalidAddress: -5n
  readonly alreadyAvailable: -6n
} = {
  success: 0n,
  failed: -1n,
  notSupported: -2n,
  invalidParam: -3n,
  denied: -4n,
  invalidAddress: -5n,
  alreadyAvailable: -6n,
}

/** What a call gives back: a0 and a1 as signed 64-bit integers. */
export type SbiResult = readonly [error: bigint, value: bigint]

/** One call: who made it, and a0 to a5 as unsigned 64-bit integers. */
export interface SbiCall {
  readonly cpu: SbiCpu
  readonly arguments: readonly [bigint, bigint, bigint, bigint, bigint, bigint]
}

/** Answers one function of an extension. The guest's mistakes are error codes, never thrown. */
export type SbiFunction = (call: SbiCall) => SbiResult

/** An SBI extension: its EID, and its functions in the order of their FIDs, without gaps. */
export interface SbiExtension {
  readonly id: bigint
  readonly name: string
  readonly functions: readonly SbiFunction[]
}

/** `SBI_SUCCESS` with a value. */
export const ok = (value: bigint = 0n): SbiResult => [SbiError.success, value]

/** An error; its value is unspecified by the standard and 0 here. */
export const refused = (error: bigint): SbiResult => [error, 0n]

/** An `unsigned long` of 64 bits whose data is 32 bits wide: the upper half is to be ignored (chapter 3). */
export const low32 = (argument: bigint): number => Number(BigInt.asUintN(32, argument))
