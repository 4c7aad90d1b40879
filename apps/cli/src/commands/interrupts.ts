import { Interrupted } from '../exit-status.ts'
import type { SignalName } from '../guest/command.ts'

const numbers = { SIGHUP: 1, SIGINT: 2, SIGTERM: 15 } as const
type HostSignal = keyof typeof numbers

/** Signals to this process, and the time limit, on their way to whatever is being done. */
export interface Interrupts {
  /** Aborted when all is to end; its reason says why. */
  readonly signal: AbortSignal
  /** From now on the first signal of a kind goes to the command; the next ends everything. */
  readonly forwardTo: (kill: (signal: SignalName) => void) => void
  readonly abort: (reason: unknown) => void
  readonly dispose: () => void
}

/** Listens until disposed of. `timeout` in milliseconds, with the reason for its end. */
export const catchInterrupts = (timeout?: { readonly milliseconds: number; readonly reason: () => Error }): Interrupts => {
  const controller = new AbortController()
  const abort = (reason: unknown): void => controller.abort(reason)
  let forward: ((signal: SignalName) => void) | undefined
  const forwarded = new Set<HostSignal>()
  const handlers = (Object.keys(numbers) as HostSignal[]).map((name) => {
    const handler = (): void => {
      if (forward === undefined || forwarded.has(name)) {
        abort(new Interrupted(numbers[name]))
        return
      }
      forwarded.add(name)
      forward(name.slice(3) as SignalName)
    }
    process.on(name, handler)
    return [name, handler] as const
  })
  const timer = timeout && setTimeout(() => abort(timeout.reason()), timeout.milliseconds)
  return {
    signal: controller.signal,
    forwardTo: (kill) => { forward = kill },
    abort,
    dispose: () => {
      clearTimeout(timer)
      for (const [name, handler] of handlers) process.off(name, handler)
    },
  }
}
