import { low32, ok, refused, SbiError } from './call.ts'
import type { GuestMemory } from '@strata/machine'
import type { SbiExtension } from './call.ts'
import type { SbiCpu, SbiCpuStatus } from './cpu.ts'

/** State ids of SBI 3.0, table "HSM Hart States"; transitions are immediate, so the pending ones never show. */
const stateIds: Readonly<Record<SbiCpuStatus, bigint>> = { started: 0n, stopped: 1n, suspended: 4n }

const retentive = 0
const nonRetentive = 0x8000_0000

/** Hart state management (SBI 3.0, chapter 9). */
export const hsmExtension = (cpus: ReadonlyMap<bigint, SbiCpu>, memory: GuestMemory): SbiExtension => ({
  id: 0x48_534dn,
  name: 'HSM',
  functions: [
    ({ arguments: [id, pc, opaque] }) => {
      const hart = cpus.get(id)
      if (hart === undefined) return refused(SbiError.invalidParam)
      if (hart.status !== 'stopped') return refused(SbiError.alreadyAvailable)
      if (!isExecutable(memory, pc)) return refused(SbiError.invalidAddress)
      hart.start(pc, opaque)
      return ok()
    },
    ({ cpu }) => {
      cpu.stop()
      return ok()
    },
    ({ arguments: [id] }) => {
      const hart = cpus.get(id)
      return hart === undefined ? refused(SbiError.invalidParam) : ok(stateIds[hart.status])
    },
    ({ cpu, arguments: [type] }) => {
      switch (low32(type)) {
        case retentive:
          if (cpu.suspend === undefined) return refused(SbiError.notSupported)
          cpu.suspend()
          return ok()
        case nonRetentive:
          return refused(SbiError.notSupported)
        default:
          return refused(SbiError.invalidParam)
      }
    },
  ],
})

/** A hart can start at any even address of RAM: compressed instructions are 2 bytes long. */
const isExecutable = (memory: GuestMemory, pc: bigint): boolean =>
  pc % 2n === 0n && pc <= BigInt(Number.MAX_SAFE_INTEGER) && memory.contains(Number(pc), 2)
