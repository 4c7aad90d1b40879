import type { MachineHost } from '@strata/machine'

/**
 * Node as a machine's host. `room` holds the machine up while somebody who must read its output is behind: it resolves
 * when there is room again.
 */
export const nodeHost = (room: () => Promise<void> | undefined): MachineHost => ({
  now: () => performance.now(),
  yield: async () => {
    await new Promise<void>((resolve) => {
      setImmediate(resolve)
    })
    await room()
  },
  sleep: (milliseconds, wake) =>
    new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, milliseconds)
      void wake.then(() => {
        clearTimeout(timer)
        resolve()
      })
    }),
})
