import { ok, refused, SbiError } from './call.ts'
import type { GuestMemory } from '@strata/machine'
import type { SbiExtension } from './call.ts'

/** Where the debug console's bytes come from and go to. Neither call waits. */
export interface DebugConsole {
  /** Takes the first of `bytes` that it can, and says how many. */
  write(bytes: Uint8Array): number
  /** At most `maximum` bytes that came in; empty if there are none. */
  read(maximum: number): Uint8Array
}

/** A call moves at most this many bytes, which the standard permits: no call holds up the machine. */
const longest = 0x1_0000

/** Debug console (SBI 3.0, chapter 12). A range that is not all RAM is `SBI_ERR_INVALID_PARAM`. */
export const dbcnExtension = (memory: GuestMemory, terminal: DebugConsole): SbiExtension => ({
  id: 0x4442_434en,
  name: 'DBCN',
  functions: [
    ({ arguments: [length, low, high] }) => {
      const range = rangeInRam(memory, length, low, high)
      if (range === undefined) return refused(SbiError.invalidParam)
      if (range.length === 0) return ok()
      return ok(BigInt(Math.min(range.length, terminal.write(memory.read(range.address, range.length)))))
    },
    ({ arguments: [length, low, high] }) => {
      const range = rangeInRam(memory, length, low, high)
      if (range === undefined) return refused(SbiError.invalidParam)
      if (range.length === 0) return ok()
      const bytes = terminal.read(range.length).subarray(0, range.length)
      if (bytes.length > 0) memory.write(range.address, bytes)
      return ok(BigInt(bytes.length))
    },
    ({ arguments: [byte] }) =>
      terminal.write(Uint8Array.of(Number(byte & 0xffn))) === 1 ? ok() : refused(SbiError.failed),
  ],
})

/** Checked whole, then cut to what one call moves. */
const rangeInRam = (memory: GuestMemory, length: bigint, low: bigint, high: bigint): { address: number; length: number } | undefined => {
  const limit = BigInt(Number.MAX_SAFE_INTEGER)
  if (length === 0n) return { address: memory.base, length: 0 }
  if (high !== 0n || low > limit || length > limit) return undefined
  if (!memory.contains(Number(low), Number(length))) return undefined
  return { address: Number(low), length: Math.min(Number(length), longest) }
}
