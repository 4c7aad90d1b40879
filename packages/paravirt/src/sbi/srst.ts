import { low32, ok, refused, SbiError } from './call.ts'
import type { SbiExtension } from './call.ts'

/** What the guest asks of the system. */
export type SystemReset = 'shutdown' | 'cold-reboot' | 'warm-reboot'
/** Why: 'none', or the guest's own failure. */
export type SystemResetReason = 'none' | 'system-failure'

/** Powers the machine off or starts it anew, after the call that is under way. */
export type SystemResetPort = (type: SystemReset, reason: SystemResetReason) => void

const types: readonly SystemReset[] = ['shutdown', 'cold-reboot', 'warm-reboot']
const reasons: readonly SystemResetReason[] = ['none', 'system-failure']

/** System reset (SBI 3.0, chapter 10). Reserved and vendor types and reasons are refused. */
export const srstExtension = (reset: SystemResetPort): SbiExtension => ({
  id: 0x5352_5354n,
  name: 'SRST',
  functions: [
    ({ arguments: [typeArgument, reasonArgument] }) => {
      const type = types[low32(typeArgument)]
      const reason = reasons[low32(reasonArgument)]
      if (type === undefined || reason === undefined) return refused(SbiError.invalidParam)
      reset(type, reason)
      return ok()
    },
  ],
})
