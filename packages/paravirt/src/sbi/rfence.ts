import { ok, refused, SbiError } from './call.ts'
import { selectHarts } from './hart-mask.ts'
import type { SbiCall, SbiExtension, SbiResult } from './call.ts'
import type { RemoteFence, SbiCpu } from './cpu.ts'

const everything = 0xffff_ffff_ffff_ffffn
/** ASIDLEN is at most 16 (Privileged ISA, "Supervisor Address Translation and Protection"). */
const asidLimit = 1n << 16n

/** Start and size both 0, or size 2^XLEN - 1, mean the whole address space (SBI 3.0, chapter 8). */
const rangeOf = (start: bigint, size: bigint): { range?: { start: bigint; size: bigint } } =>
  (start === 0n && size === 0n) || size === everything ? {} : { range: { start, size } }

/** Remote fences (SBI 3.0, chapter 8). The HFENCE functions need the hypervisor extension, which no hart has. */
export const rfenceExtension = (cpus: ReadonlyMap<bigint, SbiCpu>): SbiExtension => {
  const broadcast = ({ arguments: [mask, base] }: SbiCall, fence: RemoteFence): SbiResult => {
    const harts = selectHarts(cpus, mask, base)
    if (harts === undefined) return refused(SbiError.invalidParam)
    for (const hart of harts) hart.fence(fence)
    return ok()
  }
  return {
    id: 0x5246_4e43n,
    name: 'RFENCE',
    functions: [
      (call) => broadcast(call, { kind: 'instruction' }),
      (call) => broadcast(call, { kind: 'address', ...rangeOf(call.arguments[2], call.arguments[3]) }),
      (call) => {
        const asid = call.arguments[4]
        if (asid >= asidLimit) return refused(SbiError.invalidParam)
        return broadcast(call, { kind: 'address', ...rangeOf(call.arguments[2], call.arguments[3]), asid })
      },
    ],
  }
}
