import { ok, refused, SbiError } from './call.ts'
import { selectHarts } from './hart-mask.ts'
import type { SbiExtension } from './call.ts'
import type { SbiCpu } from './cpu.ts'

/** Inter-processor interrupts (SBI 3.0, chapter 7). */
export const ipiExtension = (cpus: ReadonlyMap<bigint, SbiCpu>): SbiExtension => ({
  id: 0x73_5049n,
  name: 'IPI',
  functions: [
    ({ arguments: [mask, base] }) => {
      const harts = selectHarts(cpus, mask, base)
      if (harts === undefined) return refused(SbiError.invalidParam)
      for (const hart of harts) hart.interrupt()
      return ok()
    },
  ],
})
