import { describeMachine } from './machine-description.ts'
import { obtainPeers, peers, versionOf } from './peers.ts'
import { guestProcessMemory, processorTime } from './process-accounts.ts'
import { pause, withRestingGuest } from './resting-guest.ts'
import { guestMemory, guestRunners, makeTestGuest } from './test-guest.ts'
import type { GuestContestant } from './boot.ts'
import type { GroupOptions, LeftOut } from './group.ts'
import type { MachineDescription } from './machine-description.ts'
import type { GuestProcessMemory } from './process-accounts.ts'

interface RestingResults {
  readonly machine: MachineDescription
  readonly guest: { readonly kernelVersion: string; readonly memory: string }
  readonly contestants: readonly GuestContestant[]
}

export interface MemoryResults extends RestingResults {
  readonly group: 'memory'
  /** For each contestant, a round each. */
  readonly memory: Readonly<Record<string, readonly GuestProcessMemory[]>>
}

export interface IdleResults extends RestingResults {
  readonly group: 'idle'
  /** Seconds that each round looks at. */
  readonly seconds: number
  /** For each contestant and round, the part of a core that was used: 0 to the number of cores. */
  readonly share: Readonly<Record<string, readonly number[]>>
}

/** After the prompt, the kernel still has things to finish. */
const settle = 3000
const idleSeconds = 10

const rounds = async <Result>(options: GroupOptions, group: string, examine: (pid: number) => Promise<Result>): Promise<RestingResults & { readonly found: Record<string, Result[]> } | LeftOut> => {
  const reason = process.platform === 'linux' ? obtainPeers([peers.qemu, peers.qemuFirmware]) : 'only Linux tells what a process uses, in /proc'
  if (reason !== undefined) return { group, reason }
  const machine = describeMachine({ qemu: await versionOf('qemu-system-riscv64') })
  const guest = await makeTestGuest('shell', options.work)
  const found: Record<string, Result[]> = Object.fromEntries(guestRunners.map(({ name }) => [name, []]))
  for (let round = 0; round < options.rounds; round++) {
    for (const runner of guestRunners) {
      options.report(`${group}, round ${round + 1} of ${options.rounds}: ${runner.name}`)
      found[runner.name]!.push(await withRestingGuest(runner, guest, async (pid) => {
        await pause(settle)
        return examine(pid)
      }))
    }
  }
  return {
    machine,
    guest: { kernelVersion: guest.kernelVersion, memory: guestMemory.text },
    contestants: guestRunners.map(({ name, command }) => ({ name, command })),
    found,
  }
}

/** What the process of a guest that has booted has in RAM. */
export const measureMemory = async (options: GroupOptions): Promise<MemoryResults | LeftOut> => {
  const results = await rounds(options, 'memory', (pid) => guestProcessMemory(pid, guestMemory.bytes))
  if ('reason' in results) return results
  const { found, ...rest } = results
  return { group: 'memory', ...rest, memory: found }
}

/** What the process of a guest that waits for somebody to type uses of a core. */
export const measureIdle = async (options: GroupOptions): Promise<IdleResults | LeftOut> => {
  const results = await rounds(options, 'idle', async (pid) => {
    const [before, started] = [await processorTime(pid), performance.now()]
    await pause(idleSeconds * 1000)
    return (await processorTime(pid) - before) / ((performance.now() - started) / 1000)
  })
  if ('reason' in results) return results
  const { found, ...rest } = results
  return { group: 'idle', ...rest, seconds: idleSeconds, share: found }
}
