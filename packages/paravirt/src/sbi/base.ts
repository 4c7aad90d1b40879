import { ok } from './call.ts'
import type { SbiExtension } from './call.ts'

/** SBI 3.0: major version in bits 30-24, minor in bits 23-0. */
export const specificationVersion: bigint = 3n << 24n
/** "STRA": not one of the assigned implementation ids. */
export const implementationId: bigint = 0x5354_5241n
/** Grows when a guest could see a difference. */
export const implementationVersion: bigint = 1n

/** Base (SBI 3.0, chapter 4). `present` says whether an extension is there. */
export const baseExtension = (present: (id: bigint) => boolean): SbiExtension => ({
  id: 0x10n,
  name: 'Base',
  functions: [
    () => ok(specificationVersion),
    () => ok(implementationId),
    () => ok(implementationVersion),
    ({ arguments: [id] }) => ok(present(id) ? 1n : 0n),
    // mvendorid, marchid and mimpid: 0 is always legal.
    () => ok(),
    () => ok(),
    () => ok(),
  ],
})
