import { describeMachine } from './machine-description.ts'
import { measuredRun } from './measured-run.ts'
import { obtainPeers, peers, versionOf } from './peers.ts'
import { guestMemory, guestRunners, initLine, makeTestGuest } from './test-guest.ts'
import type { GroupOptions, LeftOut } from './group.ts'
import type { MachineDescription } from './machine-description.ts'
import type { RunTimes } from './measured-run.ts'

export interface BootTimes extends RunTimes {
  /** Until the guest's first process prints its line, in seconds from the start of the program. */
  readonly userland: number
  /** Retired from reset to power-off, where the contestant says it. */
  readonly instructions?: number
}

export interface GuestContestant {
  readonly name: string
  readonly command: string
}

export interface BootResults {
  readonly group: 'boot'
  readonly machine: MachineDescription
  readonly guest: { readonly kernelVersion: string; readonly memory: string }
  readonly contestants: readonly GuestContestant[]
  /** For each contestant, a round each. */
  readonly times: Readonly<Record<string, readonly BootTimes[]>>
}

/** Boots a guest that powers off at once, in rounds, in which contestants take turns. */
export const measureBoot = async (options: GroupOptions): Promise<BootResults | LeftOut> => {
  const reason = obtainPeers([peers.qemu, peers.qemuFirmware])
  if (reason !== undefined) return { group: 'boot', reason }
  const machine = describeMachine({ qemu: await versionOf('qemu-system-riscv64') })
  const guest = await makeTestGuest('powerOff', options.work)
  const times: Record<string, BootTimes[]> = Object.fromEntries(guestRunners.map(({ name }) => [name, []]))
  for (let round = 0; round < options.rounds; round++) {
    for (const runner of guestRunners) {
      options.report(`boot, round ${round + 1} of ${options.rounds}: ${runner.name}`)
      const { wall, cpu, seen, stdout } = await measuredRun(runner.program, runner.args(guest), { watchFor: initLine })
      if (seen === undefined) throw new Error(`${runner.name}: the guest never printed "${initLine}"; it said:\n${stdout.slice(-500)}`)
      const [, instructions] = /^instructions (\d+)$/m.exec(stdout) ?? []
      times[runner.name]!.push({ wall, cpu, userland: seen, ...(instructions === undefined ? {} : { instructions: Number(instructions) }) })
    }
  }
  return {
    group: 'boot',
    machine,
    guest: { kernelVersion: guest.kernelVersion, memory: guestMemory.text },
    contestants: guestRunners.map(({ name, command }) => ({ name, command })),
    times,
  }
}
